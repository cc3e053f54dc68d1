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
const SOFT = { least: 12, most: 26 }; // pixels of a township's disc at rest; its whole extent is drawn when it is opened
const EARTH_METRES_PER_PIXEL = 156543.03392;
const CITY_ZOOM = 8; // below it the counties' rings would lie on each other: one ring a city then

export function makeMap(element, words) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(element, {
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
      : { fillColor: colour("--land"), fillOpacity: 1, color: colour("--border"), weight: 0.8, interactive: false };
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

/** A hollow ring in the families' colours, with the number in it. Colours stand in attributes: inline style is not allowed. */
function ring(rows, size, raised) {
  const parts = [...groupBy(rows, (row) => row.colour)].sort((a, b) => b[1].length - a[1].length);
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 40 40");
  svg.setAttribute("aria-hidden", "true");
  let start = 0;
  for (const [hue, members] of parts) {
    const share = (100 * members.length) / rows.length;
    const arc = document.createElementNS(namespace, "circle");
    for (const [name, value] of Object.entries({
      cx: 20, cy: 20, r: 17.5, fill: "none", stroke: hue, "stroke-width": 4, pathLength: 100,
      "stroke-dasharray": `${share} ${100 - share}`, "stroke-dashoffset": 25 - start,
    })) arc.setAttribute(name, value);
    svg.append(arc);
    start += share;
  }
  const box = make("div", { class: "within" }, svg, make("b", {}, String(rows.length)));
  return L.divIcon({ className: "", html: box, iconSize: [size, size], iconAnchor: [size / 2, size + 4 + raised] });
}

/**
 * Draw facilities as what is known of them: a dot for a place, a soft disc for a township, a hollow ring with a number
 * beside the seat for a county or city.
 *
 * @param map the Leaflet map
 * @param rows facilities: id, name, lon, lat, precision, radius, colour, adcode
 * @param areas what drawAreas returned, or null
 * @param popup makes the popup's content from the rows of one mark
 * @param words messages
 */
export function drawFacilities(map, rows, areas, popup, words) {
  const layer = L.layerGroup().addTo(map);
  const discs = L.layerGroup().addTo(layer);
  const rings = L.layerGroup().addTo(layer);
  const scaled = [];

  const near = rows.filter((row) => DOTS.has(row.precision) || row.precision === "township");
  for (const members of groupBy(near, (row) => `${row.lon},${row.lat},${row.precision === "township"}`).values()) {
    const { lat, lon, precision } = members[0];
    const hue = commonColour(members);
    const radius = Math.max(...members.map((row) => row.radius));
    const soft = precision === "township";
    const area = L.circleMarker([lat, lon], {
      radius: SOFT.least, stroke: soft, color: hue, weight: 1, dashArray: "3 3", fillColor: hue, fillOpacity: 0.2, interactive: false,
    });
    scaled.push({ area, radius, lat, least: soft ? SOFT.least : 0 });
    const core = L.circleMarker([lat, lon], {
      radius: soft ? 5 : 6, color: colour("--surface"), weight: soft ? 0 : 1.5, fillColor: hue, fillOpacity: soft ? 0.75 : 1, bubblingMouseEvents: false,
    });
    core.bindPopup(() => popup(members), POPUP);
    const extent = L.circle([lat, lon], { radius, color: hue, weight: 1.5, dashArray: "5 5", fillColor: hue, fillOpacity: 0.1, interactive: false });
    core.on("popupopen", () => extent.addTo(layer));
    core.on("popupclose", () => extent.remove());
    area.addTo(discs);
    core.addTo(discs);
  }

  const wide = rows.filter((row) => row.precision === "county" || row.precision === "city");
  const redraw = () => {
    const zoom = map.getZoom();
    for (const { area, radius, lat, least } of scaled) {
      area.setRadius(Math.min(Math.max(pixels(radius, lat, zoom), least), SOFT.most));
    }
    rings.clearLayers();
    const key = (row) => (zoom < CITY_ZOOM || row.precision === "city" ? row.adcode.slice(0, 4) + "00" : row.adcode.slice(0, 6));
    for (const [adcode, members] of groupBy(wide, key)) {
      const seat = areas?.byCode.get(adcode)?.properties;
      const lat = seat?.lat ?? members[0].lat;
      const lon = seat?.lon ?? members[0].lon;
      const size = 30 + Math.min(14, 3 * Math.log2(members.length));
      const label = fill(words.within_label, { area: seat?.name ?? members[0].area, count: members.length });
      // A city's seat is also that of one of its counties: the city's ring stands above the county's.
      const raised = adcode.endsWith("00") && zoom >= CITY_ZOOM ? 46 : 0;
      const marker = L.marker([lat, lon], { icon: ring(members, size, raised), title: label, keyboard: true, riseOnHover: true });
      marker.bindPopup(() => popup(members, { adcode, name: seat?.name ?? members[0].area }), POPUP);
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
