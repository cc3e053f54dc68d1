// The map alone, for other sites' pages: every name in it opens the facility's page here, in a tab of its own.
import { areaBounds, drawAreas, fill, followFacilities, make, makeMap } from "./map.js";

const box = document.getElementById("map");
const words = JSON.parse(box.dataset.words);

function popup(rows, total, area) {
  const link = (href, ...children) => make("a", { href, target: "_blank", rel: "noopener" }, ...children);
  const list = make("ul", {});
  for (const row of rows.slice(0, 6)) {
    const name = make("span", { lang: "zh-Hans" }, row.name);
    list.append(make("li", {}, link(box.dataset.facility.replace("ID", row.id), name), ` ${row.category} · ${row.status}`));
  }
  const content = make("div", {});
  if (area) content.append(make("p", { class: "sure" }, fill(words.within, { area: area.name })));
  content.append(list);
  if (total > 6 || area) content.append(make("p", {}, link(box.dataset.home, fill(words.see_all, { count: total }))));
  return content;
}

const map = makeMap(box, words);
box.setAttribute("role", "region");
box.setAttribute("aria-label", words.map_label);
let areas = null;
try {
  areas = await drawAreas(map, box.dataset.areas);
} catch {
  // The facilities are drawn without the boundaries.
}
const chosen = areas?.byCode.get(box.dataset.area);
const bounds = chosen ? areaBounds(chosen) : areas?.bounds;
if (bounds?.isValid()) map.fitBounds(bounds, { padding: [12, 24], animate: false });
else map.setView([36.5, 112.5], 7);
areas?.redraw();
const load = followFacilities(map, areas, popup, words, () => {});
await load(box.dataset.points);
box.dataset.ready = "true";
