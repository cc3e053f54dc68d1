// The map that the home page and the facility pages share: boundaries, names and the three signs of precision.
// Leaflet (the global L) draws on one canvas, so it works where WebGL does not; there are no tiles and no other host.

/** Read a colour of site.css, so that light, dark and high contrast reach the canvas too. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Fill the %(name)s places of a message. */
export function fill(message, values) {
  return message.replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}

/** Make an element with text, never with markup from data. */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const DOTS = new Set(["site", "street", "village"]);
// A popup keeps clear of the zoom buttons.
const POPUP = { maxWidth: 270, autoPanPaddingTopLeft: [62, 10], autoPanPaddingBottomRight: [10, 10] };
const SOFT = { township: 10, most: 26 }; // pixels of the halo at rest; the whole extent is drawn when the mark is opened
const SHADE = { stroke: false, fillOpacity: 0.09 };
const BEADS = 24; // facilities of one seat that are drawn each for itself, as beads on its ring; more run together
const EARTH_METRES_PER_PIXEL = 156543.03392;
const CITY_ZOOM = 8; // below it the counties' rings would lie on each other: one ring a city then

/** Longitude and latitude as they are, for tiles cut by degrees; as wide at a zoom as web Mercator, so that zooms agree. */
function degrees() {
  return L.extend({}, L.CRS.EPSG4326, { transformation: new L.Transformation(1 / 360, 0.5, -1 / 360, 0.25) });
}

export function makeMap(element, words) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const base = element.dataset.base ? JSON.parse(element.dataset.base) : null;
  const map = L.map(element, {
    crs: base?.grid === "degrees" ? degrees() : L.CRS.EPSG3857,
    preferCanvas: true,
    zoomControl: false,
    attributionControl: false,
    zoomSnap: 0.25,
    zoomDelta: 1,
    wheelPxPerZoomLevel: 90,
    minZoom: 5,
    maxZoom: 17,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    markerZoomAnimation: !calm,
    inertia: !calm,
  });
  // Leaflet gives the map the focus on a click too; the outline and the help with keys are for who came by keyboard.
  element.addEventListener("pointerdown", () => element.classList.add("pointed"));
  element.addEventListener("keydown", () => element.classList.remove("pointed"));
  element.addEventListener("blur", () => element.classList.remove("pointed"));
  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
  L.control.attribution({ prefix: false }).addAttribution(element.dataset.attribution).addTo(map);
  // The operator's own tiles, where there are any; a map of tiles must say to their host which site asks.
  for (const address of base?.layers ?? []) {
    const { subdomains, attribution, maxZoom } = base;
    L.tileLayer(address, { subdomains, attribution, maxNativeZoom: maxZoom, referrerPolicy: "origin" }).addTo(map);
  }
  map.tiled = Boolean(base);
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
  return map;
}

/** Draw the boundaries and the names of cities and counties. Returns them by adcode. */
export async function drawAreas(map, address, { citiesFirst = true } = {}) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const collection = await answer.json();
  const style = (feature) =>
    feature.properties.level === "city"
      ? { fill: false, color: colour("--border"), weight: 2.2, interactive: false }
      : { fillColor: colour("--land"), fillOpacity: map.tiled ? 0 : 1, color: colour("--border"), weight: 0.8, interactive: false };
  const counties = collection.features.filter((feature) => feature.properties.level === "county");
  const cities = collection.features.filter((feature) => feature.properties.level === "city");
  const shapes = L.geoJSON([...counties, ...cities], { style, interactive: false }).addTo(map);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => shapes.setStyle(style));

  const names = L.layerGroup().addTo(map);
  const redraw = () => {
    names.clearLayers();
    const far = citiesFirst && map.getZoom() < CITY_ZOOM;
    for (const feature of far ? cities : counties) {
      const { name, lon, lat } = feature.properties;
      if (lon === null || lon === undefined) continue;
      L.tooltip({ permanent: true, direction: "bottom", className: far ? "place-name city" : "place-name", interactive: false })
        .setLatLng([lat, lon])
        .setContent(make("span", { lang: "zh-Hans" }, name))
        .addTo(names);
    }
  };
  map.on("zoomend", redraw);
  const byCode = new Map(collection.features.map((feature) => [feature.properties.adcode, feature]));
  return { shapes, byCode, redraw, bounds: shapes.getBounds() };
}

/** Bounds of one area's shape. */
export function areaBounds(feature) {
  return L.geoJSON(feature).getBounds();
}

function pixels(metres, latitude, zoom) {
  return (metres * 2 ** zoom) / (EARTH_METRES_PER_PIXEL * Math.cos((latitude * Math.PI) / 180));
}

/** The catalogue's colours are made for white paper; on dark ground the same hue is drawn lighter. */
function onGround(hue) {
  if (!matchMedia("(prefers-color-scheme: dark)").matches) return hue;
  return `#${hue.slice(1).match(/../g).map((part) => Math.round(Number.parseInt(part, 16) * 0.5 + 127).toString(16)).join("")}`;
}

const REPORTED = { open: "check", under_construction: "half", not_built: "cross", cancelled: "cross" };
let Mark = null;

/** A dot that shows without colour what became of a promise: dashed while overdue, else a check, a half or a cross. */
function dot(place, options) {
  Mark ??= L.CircleMarker.extend({
    _updatePath() {
      L.CircleMarker.prototype._updatePath.call(this);
      const { _renderer: renderer, _point: at, options: { sign } } = this;
      if (!sign || !renderer._drawing || this._empty()) return;
      const ctx = renderer._ctx;
      ctx.save();
      ctx.setLineDash([]);
      ctx.globalAlpha = 1;
      ctx.strokeStyle = ctx.fillStyle = colour("--surface");
      ctx.lineWidth = 1.6;
      ctx.beginPath();
      if (sign === "half") ctx.arc(at.x, at.y, 3.6, -Math.PI / 2, Math.PI / 2);
      const strokes = { check: [[-2.8, 0.2, -0.8, 2.3, 3, -2.3]], cross: [[-2.4, -2.4, 2.4, 2.4], [-2.4, 2.4, 2.4, -2.4]] };
      for (const [x, y, ...rest] of strokes[sign] ?? []) {
        ctx.moveTo(at.x + x, at.y + y);
        for (let index = 0; index < rest.length; index += 2) ctx.lineTo(at.x + rest[index], at.y + rest[index + 1]);
      }
      if (sign === "half") ctx.fill();
      else ctx.stroke();
      ctx.restore();
    },
  });
  return new Mark(place, options);
}

function commonState(rows) {
  return rows.every((row) => row.state === rows[0].state) ? rows[0].state : "";
}

function commonColour(rows) {
  return rows.every((row) => row.colour === rows[0].colour) ? onGround(rows[0].colour) : colour("--quiet");
}

function groupBy(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    const name = key(row);
    if (groups.has(name)) groups.get(name).push(row);
    else groups.set(name, [row]);
  }
  return groups;
}

/** Make an SVG element. */
function drawing(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** A bead for each facility on the ring round its seat: drawn apart, though all have the seat's coordinates. */
function beads(parts, total) {
  const each = parts.flatMap(([hue, number]) => Array(number).fill(hue));
  return each.map((hue, index) => {
    const angle = (2 * Math.PI * index) / total - Math.PI / 2;
    const [x, y] = [20 + 17 * Math.cos(angle), 20 + 17 * Math.sin(angle)];
    return drawing("circle", { class: "bead", cx: x.toFixed(2), cy: y.toFixed(2), r: total > 12 ? 2 : 3, fill: hue });
  });
}

/** A hollow ring in the families' colours, with the number in it. Colours stand in attributes: inline style is not allowed. */
function ring(parts, total, size, raised) {
  const svg = drawing("svg", { viewBox: "0 0 40 40", "aria-hidden": "true" });
  if (total <= BEADS) {
    svg.append(drawing("circle", { cx: 20, cy: 20, r: 17, fill: "none", stroke: "currentColor", "stroke-opacity": 0.35 }));
    svg.append(...beads(parts, total));
  } else {
    let start = 0;
    for (const [hue, number] of parts) {
      const share = (100 * number) / total;
      const arc = drawing("circle", {
        cx: 20, cy: 20, r: 17.5, fill: "none", stroke: hue, "stroke-width": 4, pathLength: 100,
        "stroke-dasharray": `${share} ${100 - share}`, "stroke-dashoffset": 25 - start,
      });
      svg.append(arc);
      start += share;
    }
  }
  const box = make("div", { class: "within" }, svg, make("b", {}, String(total)));
  return L.divIcon({ className: "", html: box, iconSize: [size, size], iconAnchor: [size / 2, size + 4 + raised] });
}

/** The parts of a ring: how many of each colour, the most first. */
function hues(rows) {
  return [...groupBy(rows, (row) => row.colour)].map(([hue, members]) => [hue, members.length]).sort((a, b) => b[1] - a[1]);
}

function addHues(parts) {
  const sums = new Map();
  for (const [hue, number] of parts) sums.set(hue, (sums.get(hue) ?? 0) + number);
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/**
 * Draw facilities as what is known of them: a dot for a place, a soft small disc for a township, a hollow ring with a
 * number beside the seat for a county or city, a small empty circle for what stands already; what became of a promise is
 * drawn on its dot.
 *
 * @param map the Leaflet map
 * @param data rows: facilities with id, name, lon, lat, precision, radius, colour, adcode, existing; or, of a view,
 *   rings: [adcode, [[colour, number]…]] for what is known only to its county, and clusters: [lon, lat, number]
 * @param areas what drawAreas returned, or null
 * @param popup makes the popup's content from the rows of one mark, their number and the area of a ring
 * @param words messages
 */
export function drawFacilities(map, { rows = [], rings: counted = null, clusters = [] }, areas, popup, words) {
  const layer = L.layerGroup().addTo(map);
  const shades = L.layerGroup().addTo(layer);
  const discs = L.layerGroup().addTo(layer);
  const rings = L.layerGroup().addTo(layer);
  const scaled = [];

  const near = rows.filter((row) => DOTS.has(row.precision) || row.precision === "township");
  const mark = (row) => `${row.lon},${row.lat},${row.precision === "township"},${row.existing}`;
  for (const members of groupBy(near, mark).values()) {
    const { lat, lon, precision, existing } = members[0];
    const hue = commonColour(members);
    const radius = Math.max(...members.map((row) => row.radius));
    const soft = precision === "township";
    const area = L.circleMarker([lat, lon], {
      radius: SOFT.township, stroke: false, fillColor: hue, fillOpacity: 0.2, interactive: false,
    });
    if (!soft && !existing) scaled.push({ area, radius, lat });
    const look = existing
      ? { radius: 4, color: hue, weight: 2, fillColor: colour("--surface"), fillOpacity: 1 }
      : { radius: soft ? 5 : 6, color: colour("--surface"), weight: soft ? 0 : 1.5, fillColor: hue, fillOpacity: soft ? 0.8 : 1 };
    const state = commonState(members);
    if (state === "overdue") Object.assign(look, { color: hue, weight: 1.8, dashArray: "3 2.4", fillOpacity: 0.35 });
    const core = dot([lat, lon], { ...look, sign: REPORTED[state], bubblingMouseEvents: false });
    core.bindPopup(() => popup(members, members.length), POPUP);
    const extent = L.circle([lat, lon], { radius, color: hue, weight: 1.5, dashArray: "5 5", fillColor: hue, fillOpacity: 0.1, interactive: false });
    core.on("popupopen", () => extent.addTo(layer));
    core.on("popupclose", () => extent.remove());
    if (!existing) area.addTo(discs);
    core.addTo(discs);
  }

  for (const [lon, lat, number] of clusters) {
    const size = 26 + Math.min(22, 4 * Math.log10(number) ** 2);
    const label = fill(words.cluster, { count: number });
    const text = number < 10000 ? String(number) : `${Math.round(number / 1000)}k`;
    const html = make("div", { class: "cluster" }, make("b", {}, text));
    const icon = L.divIcon({ className: "", html, iconSize: [size, size] });
    const marker = L.marker([lat, lon], { icon, title: label, keyboard: true, riseOnHover: true });
    const closer = () => map.setView([lat, lon], Math.min(map.getZoom() + 2, map.getMaxZoom()));
    marker.on("click", closer);
    marker.on("keypress", ({ originalEvent }) => originalEvent.key === "Enter" && closer());
    marker.addTo(discs);
    marker.getElement()?.setAttribute("aria-label", label);
  }

  const wide = rows.filter((row) => row.precision === "county" || row.precision === "city");
  /** The rings at a zoom: members of each where they are known, else only how many. */
  const gathered = (key) => {
    if (!counted) {
      return [...groupBy(wide, (row) => key(row.adcode, row.precision === "city"))].map(([adcode, members]) => ({
        adcode, members, total: members.length, parts: hues(members), first: members[0],
      }));
    }
    return [...groupBy(counted, ([adcode]) => key(adcode, adcode.endsWith("00")))].map(([adcode, entries]) => {
      const parts = addHues(entries.flatMap(([, members]) => members));
      return { adcode, members: [], total: parts.reduce((sum, [, number]) => sum + number, 0), parts, first: null };
    });
  };
  const redraw = () => {
    const zoom = map.getZoom();
    for (const { area, radius, lat } of scaled) area.setRadius(Math.min(pixels(radius, lat, zoom), SOFT.most));
    rings.clearLayers();
    shades.clearLayers();
    const key = (adcode, city) => (zoom < CITY_ZOOM || city ? adcode.slice(0, 4) + "00" : adcode.slice(0, 6));
    for (const { adcode, members, total, parts, first } of gathered(key)) {
      const seat = areas?.byCode.get(adcode)?.properties;
      if (!seat && !first) continue;
      const lat = seat?.lat ?? first.lat;
      const lon = seat?.lon ?? first.lon;
      const name = seat?.name ?? first.area;
      const size = 30 + Math.min(14, 3 * Math.log2(total));
      const label = fill(words.within_label, { area: name, count: total });
      // A city's seat is also that of one of its counties: the city's ring stands above the county's.
      const raised = adcode.endsWith("00") && zoom >= CITY_ZOOM ? 46 : 0;
      const marker = L.marker([lat, lon], { icon: ring(parts, total, size, raised), title: label, keyboard: true, riseOnHover: true });
      marker.bindPopup(() => popup(members, total, { adcode, name }), POPUP);
      // Anywhere in this county: the county itself is shaded, faintly at rest and fully while its ring is open.
      const shape = areas?.byCode.get(adcode);
      if (shape) {
        const shade = L.geoJSON(shape, { style: SHADE, interactive: false }).addTo(shades);
        shade.setStyle({ fillColor: parts.length === 1 ? onGround(parts[0][0]) : colour("--quiet") });
        marker.on("popupopen", () => shade.setStyle({ fillOpacity: 0.28 }));
        marker.on("popupclose", () => shade.setStyle(SHADE));
      }
      marker.addTo(rings);
      marker.getElement()?.setAttribute("aria-label", label);
    }
  };
  redraw();
  map.on("zoomend", redraw);
  return {
    remove() {
      map.off("zoomend", redraw);
      layer.remove();
    },
  };
}

async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const body = await answer.json();
  const rows = (body.rows ?? []).map((row) => Object.fromEntries(body.columns.map((name, index) => [name, row[index]])));
  for (const row of rows) row.status = body.statuses[row.status];
  return { ...body, rows };
}

/**
 * Keep the facilities of an address drawn: all at once where they are few, else those of each view.
 *
 * @returns load(address, stillWanted): draws another address's facilities unless they are no longer wanted once they
 *   are there, and gives how many there are, or null where nothing was drawn
 */
export function followFacilities(map, areas, popup, words, failed) {
  let drawn = null;
  let address = "";
  let byView = false; // more facilities than the map takes at once: it asks for each view
  let viewed = null; // bounds and zoom that were last asked for

  const draw = (data) => {
    drawn?.remove();
    drawn = drawFacilities(map, data, areas, popup, words);
  };

  /** The view with a margin, so that a small move needs no question. */
  const margined = () => ({ zoom: Math.floor(map.getZoom()), bounds: map.getBounds().pad(0.2) });

  function ofView(wanted, { zoom, bounds }) {
    const url = new URL(wanted, location.href);
    const edge = (value, most) => Math.min(Math.max(value, -most), most).toFixed(4);
    url.searchParams.set("bbox", [
      edge(bounds.getWest(), 180), edge(bounds.getSouth(), 90), edge(bounds.getEast(), 180), edge(bounds.getNorth(), 90),
    ].join());
    url.searchParams.set("zoom", String(zoom));
    return url.href;
  }

  async function drawView() {
    if (viewed && viewed.zoom === Math.floor(map.getZoom()) && viewed.bounds.contains(map.getBounds())) return;
    viewed = margined();
    const asked = viewed;
    try {
      const data = await read(ofView(address, asked));
      if (asked === viewed) draw(data);
    } catch {
      viewed = null;
      failed();
    }
  }

  map.on("moveend", () => byView && drawView());

  return async function load(wanted, stillWanted = () => true) {
    if (wanted === address) return null;
    // The view goes along, so that many facilities need no second question; the first address was preloaded without it.
    const asked = address ? margined() : null;
    let data;
    try {
      data = await read(asked ? ofView(wanted, asked) : wanted);
    } catch {
      failed();
      return null;
    }
    if (!stillWanted()) return null;
    address = wanted;
    byView = Boolean(data.by_view);
    viewed = byView ? asked : null;
    if (!byView || viewed) draw(data);
    if (byView) await drawView();
    return data.matched;
  };
}
