// The ranking's map: areas coloured by the share of people within reach; the table beside it says the same in numbers.
import { colour, fill, make, makeMap } from "./map.js";

const box = document.getElementById("map");
const words = JSON.parse(box.dataset.words);
const note = document.getElementById("map-note");
const FIFTHS = ["#b4441f", "#dd8a4a", "#ecd08a", "#7fb8a4", "#0b6b64"];

const map = makeMap(box, words);
map.setMinZoom(3);
box.setAttribute("role", "region");
box.setAttribute("aria-label", words.ranking_label);

function look(feature) {
  const { share } = feature.properties;
  const known = share !== null;
  return {
    color: colour("--border"),
    weight: 1,
    fillColor: known ? FIFTHS[Math.min(4, Math.floor(share * 5))] : "#888888",
    fillOpacity: known ? 0.85 : 0.2,
  };
}

function said({ name, share, record, as_recorded: asRecorded, on_record: count }) {
  if (share === null && record !== "complete" && !asRecorded) return fill(words.withheld, { name, count });
  if (share === null) return fill(words.nobody, { name });
  return fill(asRecorded ? words.as_recorded : words.share, { name, share: `${(100 * share).toFixed(1)}%` });
}

try {
  const answer = await fetch(box.dataset.ranking);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const layer = L.geoJSON(await answer.json(), {
    style: look,
    onEachFeature(feature, shape) {
      const { adcode, level, name } = feature.properties;
      shape.bindTooltip(said(feature.properties));
      const text = make("p", {}, said(feature.properties));
      const parts = [text];
      if (level !== "county") {
        const link = make("a", { href: box.dataset.deeper.replace("AREA", adcode) }, fill(words.deeper, { name }));
        parts.push(make("p", {}, link));
      }
      shape.bindPopup(make("div", {}, ...parts));
    },
  }).addTo(map);
  map.fitBounds(layer.getBounds(), { padding: [8, 8], animate: false });
} catch {
  map.setView([35, 105], 4);
  note.textContent = words.no_map;
}
box.dataset.ready = "true";
