// The planner's map: what is covered, what is not, and what cannot be said, as the figures beside it tell.
import { areaBounds, drawAreas, fill, followFacilities, make, makeMap } from "./map.js";

const box = document.getElementById("map");
const words = JSON.parse(box.dataset.words);
const note = document.getElementById("map-note");
const COVERED = { color: "#0b6b64", weight: 1.5, fillColor: "#0b6b64", fillOpacity: 0.35 };
const GAP = { color: "#b4441f", weight: 1, dashArray: "3 3", fillColor: "#b4441f", fillOpacity: 0.14 };
const UNSURE = { color: "#5b6b73", weight: 1.2, dashArray: "5 5", fill: false };

async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

function popup(rows) {
  const list = make("ul", {});
  for (const row of rows.slice(0, 8)) {
    const link = make("a", { href: box.dataset.facility.replace("ID", row.id), lang: "zh-Hans" }, row.name);
    list.append(make("li", {}, link));
  }
  return make("div", {}, list);
}

const map = makeMap(box, words);
box.setAttribute("role", "region");
box.setAttribute("aria-label", words.planner_label);
let areas = null;
try {
  areas = await drawAreas(map, box.dataset.areas, { citiesFirst: false });
} catch {
  note.textContent = words.no_areas;
}
const chosen = areas?.byCode.get(box.dataset.area);
if (chosen) map.fitBounds(areaBounds(chosen), { padding: [12, 12], animate: false });
else map.setView([36.5, 112.5], 7);
areas?.redraw();

try {
  const found = await read(box.dataset.coverage);
  for (const feature of found.features) {
    if (!feature.geometry) continue;
    const style = { ...(feature.id === "covered" ? COVERED : GAP), interactive: false };
    L.geoJSON(feature, { style, interactive: false }).addTo(map);
  }
  const points = await read(box.dataset.points);
  const at = Object.fromEntries((points.columns ?? []).map((name, index) => [name, index]));
  for (const row of points.rows ?? []) {
    if (row[at.radius] < 100) continue;
    L.circle([row[at.lat], row[at.lon]], { radius: row[at.radius], ...UNSURE, interactive: false }).addTo(map);
  }
  const load = followFacilities(map, areas, popup, words, () => {});
  await load(box.dataset.points);
  if (box.dataset.sites) {
    for (const { properties } of (await read(box.dataset.sites)).features) {
      const label = fill(words.new_site, { rank: properties.rank });
      const icon = L.divIcon({ className: "", html: make("div", { class: "new-site" }, make("b", {}, String(properties.rank))), iconSize: [26, 26] });
      const marker = L.marker([properties.lat, properties.lon], { icon, title: label, keyboard: true }).addTo(map);
      marker.bindPopup(make("p", {}, label));
      marker.getElement()?.setAttribute("aria-label", label);
    }
  }
} catch {
  note.textContent = words.offline;
}
box.dataset.ready = "true";
