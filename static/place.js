// The small map of one facility's page: its sign with the whole extent in which it may lie.
import { areaBounds, drawAreas, drawFacilities, make, makeMap } from "./map.js";

const box = document.getElementById("map");
const place = JSON.parse(box.dataset.place);
const words = JSON.parse(box.dataset.words);
const map = makeMap(box, words);
box.setAttribute("role", "region");
box.setAttribute("aria-label", words.place_label);

const centre = L.latLng(place.lat, place.lon);
map.fitBounds(centre.toBounds(Math.max(2 * place.radius, 4000) * 1.1), { animate: false });

let areas = null;
try {
  areas = await drawAreas(map, box.dataset.areas, { citiesFirst: place.precision === "city" });
} catch {
  // Without the boundaries the sign and the scale still say where it is, and the text beside it says more.
}

const wide = areas?.byCode.get(place.adcode);
if (wide && (place.precision === "county" || place.precision === "city")) {
  // Anywhere in this county or city: the area itself is the sign.
  L.geoJSON(wide, {
    style: { color: place.colour, weight: 2, fillColor: place.colour, fillOpacity: 0.22 },
    interactive: false,
  }).addTo(map);
  map.fitBounds(areaBounds(wide), { padding: [10, 10], animate: false });
} else {
  L.circle(centre, {
    radius: place.radius, color: place.colour, weight: 1.5, dashArray: "5 5", fillOpacity: 0.1, interactive: false,
  }).addTo(map);
  drawFacilities(map, { rows: [place] }, areas, () => make("p", {}, place.name), words);
}
areas?.redraw();
box.dataset.ready = "true";
