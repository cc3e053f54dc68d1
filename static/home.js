// The home page with JavaScript: the same addresses and the same server-made list, changed in place, and the map beside it.
import { areaBounds, colour, drawAreas, fill, followFacilities, make, makeMap } from "./map.js";

const box = document.getElementById("map");
const words = JSON.parse(box.dataset.words);
const note = document.getElementById("map-note");
const card = document.getElementById("card");
const WALK_METRES = 1000; // 15 minutes at an ordinary pace, as the standards count it

let map;
let areas = null;
let load = null; // draws the facilities of an address
let pin = null;
let shownPoint = ""; // of the open card, as in the address
let shownChoices = choices(location.href);

/** An address without what does not change the list: the open card and the map's view. */
function choices(address) {
  const url = new URL(address, location.href);
  url.searchParams.delete("point");
  return url.pathname + url.search;
}

/** The address of a choice, with the open card kept. */
function withCard(address) {
  const url = new URL(address, location.href);
  if (shownPoint) url.searchParams.set("point", shownPoint);
  return url.href.replace("%2C", ",");
}

function say(text) {
  note.textContent = text;
}

// --- the list: follow a choice without leaving the page -------------------------------------------------------------

function formAddress(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") query.append(name, value);
  const text = query.toString();
  return form.getAttribute("action") + (text ? `?${text}` : "");
}

/** Remember what has the focus, so that it has it again after its region was replaced. */
function focusMark() {
  const active = document.activeElement;
  if (active?.id) return () => document.getElementById(active.id)?.focus({ preventScroll: true });
  if (active?.name) return () => document.getElementsByName(active.name)[0]?.focus({ preventScroll: true });
  if (active?.closest?.("#chips")) {
    const text = active.querySelector("span")?.textContent ?? active.textContent;
    return () =>
      [...document.querySelectorAll("#chips a")]
        .find((link) => (link.querySelector("span")?.textContent ?? link.textContent) === text)
        ?.focus({ preventScroll: true });
  }
  return () => {};
}

let latest = 0;

async function visit(address, { push = true, toResults = false } = {}) {
  const turn = ++latest;
  performance.mark("chosen");
  const results = document.getElementById("results");
  results.setAttribute("aria-busy", "true");
  // The map's facilities are asked for beside the page, by the same choices.
  const drawing = drawPoints(pointsOf(address), () => turn === latest);
  let page;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) {
      location.assign(address);
      return;
    }
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    await drawing;
    results.setAttribute("aria-busy", "false");
    say(words.offline);
    return;
  }
  if (turn !== latest) return;
  const refocus = focusMark();
  for (const id of ["chips", "fields", "results", "kept", "share"]) {
    const fresh = page.getElementById(id);
    const old = document.getElementById(id);
    if (fresh && old) old.replaceWith(fresh);
  }
  for (const selector of [".reading", ".point-form"]) {
    const fresh = page.querySelector(selector);
    if (fresh) document.querySelector(selector)?.replaceWith(fresh);
  }
  document.getElementById("q").value = page.getElementById("q").value;
  document.title = page.title;
  const fresh = page.getElementById("map").dataset;
  const area = fresh.area ?? "";
  const moved = area !== box.dataset.area;
  Object.assign(box.dataset, { area, points: fresh.points });
  syncYear();
  if (push) history.pushState(null, "", address);
  shownChoices = choices(address);
  refocus();
  if (toResults) {
    document.getElementById("results").scrollIntoView({ block: "start" });
  }
  say(document.querySelector("#results .found strong")?.textContent ?? "");
  await drawing;
  if (turn !== latest) return;
  if (moved) show();
  showPointOfAddress();
  performance.measure("redraw", "chosen");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.matches("[download], .to-map")) return;
  if (!link.closest("#chips, #results .found, #results .pager, #results .taken, #results .nothing, .leaflet-popup .see-all")) return;
  event.preventDefault();
  map?.closePopup();
  visit(withCard(link.href), { toResults: Boolean(link.closest(".pager, .see-all")) });
});

const filters = document.getElementById("filters");
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  visit(withCard(formAddress(filters)));
});
filters.addEventListener("change", (event) => {
  if (event.target.id === "year-range") {
    const select = filters.elements.namedItem("year");
    select.value = select.options[Number(event.target.value)].value;
  }
  if (event.target.matches("select, #year-range")) visit(withCard(formAddress(filters)));
});

// The slider is the same choice as the form's list of years, in one movement.
const slider = document.getElementById("year-slider");
const range = document.getElementById("year-range");

function showYear() {
  const option = filters.elements.namedItem("year")?.options[Number(range.value)];
  const told = option?.value ? fill(words.upto, { year: option.value }) : words.any_year;
  slider.querySelector("output").textContent = told;
  range.setAttribute("aria-valuetext", told);
}

function syncYear() {
  range.value = String(filters.elements.namedItem("year")?.selectedIndex ?? 0);
  showYear();
}

range.addEventListener("input", showYear);
addEventListener("popstate", () => {
  if (choices(location.href) === shownChoices) showPointOfAddress();
  else visit(location.href, { push: false });
});
// Language and type size change the words, not what is on the screen: card and view come along.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".reading a");
  if (!link) return;
  const url = new URL(withCard(link.href));
  url.hash = location.hash;
  link.href = url.href;
});

// --- the map ---------------------------------------------------------------------------------------------------------

function popup(rows, total, area) {
  const list = make("ul", {});
  for (const row of rows.slice(0, 8)) {
    const link = make("a", { href: box.dataset.facility.replace("ID", row.id), lang: "zh-Hans" }, row.name);
    list.append(make("li", {}, link, make("span", { class: "meta" }, [row.category, row.count, row.status].filter(Boolean).join(" · "))));
  }
  const first = rows[0];
  const where = area
    ? fill(words.within, { area: area.name })
    : fill(first.precision === "township" ? words.township : words.near, { radius: first.radius_words });
  const content = make("div", {}, make("p", { class: "sure" }, where), list);
  if (total > 8 || area) {
    const query = new URLSearchParams(location.search);
    for (const name of ["cursor", "point"]) query.delete(name);
    if (area) {
      query.set("area", area.adcode);
      if (!area.adcode.endsWith("00")) query.set("precision", "county");
    }
    const more = make("a", { href: `${box.dataset.home}?${query}` }, fill(words.see_all, { count: total }));
    content.append(make("p", { class: "see-all" }, more));
  }
  return content;
}

async function drawPoints(address, wanted = () => true) {
  const matched = await load?.(address, wanted);
  if (matched !== null && matched !== undefined) box.dataset.drawn = String(matched);
}

/** The address of the map's facilities by the choices of a page's address. */
function pointsOf(address) {
  const url = new URL(box.dataset.points, location.href);
  const version = url.searchParams.get("v");
  url.search = new URL(address, location.href).search;
  for (const name of ["point", "near", "cursor", "limit"]) url.searchParams.delete(name);
  url.searchParams.set("v", version);
  return url.href;
}

/** Turn the map to the chosen area, or to everything. */
function show() {
  const chosen = areas?.byCode.get(box.dataset.area);
  const bounds = chosen ? areaBounds(chosen) : areas?.bounds;
  if (bounds?.isValid()) {
    // Room above for the rings that stand over the seats, below for the scale and the sources.
    map.fitBounds(bounds, { paddingTopLeft: [8, 24], paddingBottomRight: [8, 28], animate: false });
  }
}

function readView() {
  const parts = /^#map=([\d.]+)\/(-?[\d.]+)\/(-?[\d.]+)$/.exec(location.hash);
  return parts && { zoom: Number(parts[1]), center: [Number(parts[2]), Number(parts[3])] };
}

function keepView() {
  const { lat, lng } = map.getCenter();
  const view = `#map=${map.getZoom().toFixed(2)}/${lat.toFixed(4)}/${lng.toFixed(4)}`;
  history.replaceState(history.state, "", location.pathname + location.search + view);
}

// --- the 15-minute card ----------------------------------------------------------------------------------------------

function dropCard() {
  pin?.remove();
  pin = null;
  shownPoint = "";
  card.hidden = true;
  card.replaceChildren();
}

function closeCard() {
  dropCard();
  const address = new URL(location.href);
  address.searchParams.delete("point");
  history.pushState(null, "", address);
  box.focus();
}

card.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeCard();
});

async function openCard(lat, lon, { push = true, focus = true } = {}) {
  const point = `${lon.toFixed(5)},${lat.toFixed(5)}`;
  const circle = new URL(box.dataset.circle, location.href);
  circle.searchParams.set("lon", lon.toFixed(5));
  circle.searchParams.set("lat", lat.toFixed(5));
  say(words.checking);
  let page;
  try {
    const answer = await fetch(circle, { headers: { Accept: "text/html" } });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    say(words.offline);
    return;
  }
  const body = page.getElementById("card-body");
  if (!body) {
    say(page.querySelector("main .lead")?.textContent ?? words.offline);
    return;
  }
  const close = make("button", { type: "button", class: "close quiet-button" }, words.close);
  close.addEventListener("click", closeCard);
  body.querySelector(".permalink")?.setAttribute("href", circle.href);
  const heading = body.querySelector("h1");
  const title = make("h2", { tabindex: "-1", class: "card-title" }, ...heading.childNodes);
  heading.replaceWith(title);
  for (const part of body.querySelectorAll("section > h2")) part.replaceWith(make("h3", {}, ...part.childNodes));
  body.querySelector(".card-head").append(close);
  card.replaceChildren(body);
  card.hidden = false;
  shownPoint = point;
  pin?.remove();
  pin = L.layerGroup([
    L.circle([lat, lon], { radius: WALK_METRES, color: colour("--accent"), weight: 2, fillOpacity: 0.06, interactive: false }),
    L.circleMarker([lat, lon], { radius: 5, color: colour("--surface"), weight: 2, fillColor: colour("--ink"), fillOpacity: 1, interactive: false }),
  ]).addTo(map);
  say("");
  if (push) {
    const address = new URL(location.href);
    address.searchParams.set("point", point);
    history.pushState(null, "", address.href.replace("%2C", ","));
  }
  if (focus) {
    title.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }
}

function showPointOfAddress() {
  const text = new URLSearchParams(location.search).get("point");
  const parts = text && /^(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)$/.exec(text);
  if (!parts) {
    dropCard();
    return;
  }
  if (text !== shownPoint) openCard(Number(parts[2]), Number(parts[1]), { push: false, focus: false });
}

function locate() {
  say(words.locating);
  navigator.geolocation.getCurrentPosition(
    async ({ coords }) => {
      // To about ten metres: enough for nearest first, and less than a door number in a link that is passed on.
      const [lon, lat] = [coords.longitude, coords.latitude].map((degrees) => degrees.toFixed(4));
      const address = new URL(location.href);
      for (const name of ["cursor", "limit"]) address.searchParams.delete(name);
      address.searchParams.set("near", `${lon},${lat}`);
      address.searchParams.set("point", `${Number(lon).toFixed(5)},${Number(lat).toFixed(5)}`);
      address.hash = "";
      map.setView([Number(lat), Number(lon)], 13, { animate: false });
      await visit(address.href.replaceAll("%2C", ","));
      if (areas && !areas.bounds.contains([Number(lat), Number(lon)])) say(words.outside);
    },
    (error) => say(error.code === error.PERMISSION_DENIED ? words.denied : words.not_located),
    { enableHighAccuracy: false, timeout: 10000, maximumAge: 60000 },
  );
}

async function start() {
  document.documentElement.classList.add("scripted");
  slider.hidden = false;
  syncYear();
  map = makeMap(box, words);
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", words.map_label);
  try {
    areas = await drawAreas(map, box.dataset.areas);
  } catch {
    say(words.no_areas);
  }
  const view = readView();
  const near = /^(-?[\d.]+),(-?[\d.]+)$/.exec(new URLSearchParams(location.search).get("near") ?? "");
  if (view) map.setView(view.center, view.zoom, { animate: false });
  else if (near) map.setView([Number(near[2]), Number(near[1])], 13, { animate: false });
  else if (areas) show();
  else map.setView([36.5, 112.5], 7);
  areas?.redraw();
  load = followFacilities(map, areas, popup, words, () => say(words.no_points));
  await drawPoints(box.dataset.points);
  showPointOfAddress();
  map.on("moveend", keepView);
  map.on("click", ({ latlng }) => {
    const { lat, lng } = latlng.wrap();
    openCard(lat, lng);
  });
  // The keyboard's way to a click: the arrow keys move the map, Enter checks its middle.
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== box) return;
    const { lat, lng } = map.getCenter();
    openCard(lat, lng);
  });
  box.addEventListener("focus", () => {
    if (!box.classList.contains("pointed")) say(words.keys);
  });
  if ("geolocation" in navigator) {
    const button = document.getElementById("locate");
    button.hidden = false;
    button.addEventListener("click", locate);
  }
  if (!note.textContent) say(words.hint);
  box.dataset.ready = "true";
}

start();
