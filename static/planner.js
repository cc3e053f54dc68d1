// The planner's map: what is surely covered, what perhaps, what surely not, as the figures beside it tell.
import { areaBounds, drawAreas, fill, followFacilities, make, makeMap } from "./map.js";

const box = document.getElementById("map");
const words = JSON.parse(box.dataset.words);
const drawn = JSON.parse(document.getElementById("drawn").textContent);
const note = document.getElementById("map-note");
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const ZONES = {
  certain: zone(dark ? "#7ed3c8" : "#0b6b64", 0.45, { weight: 1.5 }),
  uncertain: zone(dark ? "#e0b352" : "#a87000", 0.22, { weight: 1, dashArray: "5 4" }),
  gap: zone(dark ? "#ff9a80" : "#b4441f", 0.12, { weight: 1 }),
};

function zone(hue, fillOpacity, line) {
  return { color: hue, fillColor: hue, fillOpacity, ...line };
}

function popup(rows) {
  const list = make("ul", {});
  for (const row of rows.slice(0, 8)) {
    const link = make("a", { href: box.dataset.facility.replace("ID", row.id), lang: "zh-Hans" }, row.name);
    list.append(make("li", {}, link));
  }
  return make("div", {}, list);
}

/** A numbered sign that says its name to who cannot see it. */
function numbered(kind, [rank, lon, lat], label) {
  const html = make("div", { class: kind }, make("b", {}, String(rank)));
  const icon = L.divIcon({ className: "", html, iconSize: [26, 26] });
  const marker = L.marker([lat, lon], { icon, title: label, keyboard: true, riseOnHover: true }).addTo(map);
  marker.bindPopup(make("p", {}, label));
  marker.getElement()?.setAttribute("aria-label", label);
}

/** The reader's own points, as many as the page holds; a name from their file stays text. */
function dots(points, look, label) {
  for (const [lon, lat, said] of points) {
    L.circleMarker([lat, lon], look).bindTooltip(make("span", {}, said ? `${label} · ${said}` : label)).addTo(map);
  }
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
const zones = L.geoJSON(drawn.zones, { style: (feature) => ({ ...ZONES[feature.id], interactive: false }), interactive: false });
const bounds = chosen ? areaBounds(chosen) : zones.getBounds();
if (bounds.isValid()) map.fitBounds(bounds, { padding: [12, 12], animate: false });
else map.setView([36.5, 112.5], 7);
zones.addTo(map);
areas?.redraw();
dots(drawn.people, { radius: 2.5, stroke: false, fillColor: dark ? "#e7eeef" : "#16242a", fillOpacity: 0.7 }, words.own_people);
if (box.dataset.points) {
  const load = followFacilities(map, areas, popup, words, () => {
    note.textContent = words.no_points;
  });
  await load(box.dataset.points);
}
dots(drawn.facilities, { radius: 5, color: "#fff", weight: 2, fillColor: "#0b6b64", fillOpacity: 1 }, words.own_facility);
for (const place of drawn.gaps) numbered("gap-rank", place, fill(words.gap, { rank: place[0] }));
for (const place of drawn.sites) numbered("new-site", place, fill(words.new_site, { rank: place[0] }));
box.dataset.ready = "true";
