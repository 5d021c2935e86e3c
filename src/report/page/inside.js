// Inside the network: what a width does to the weights, the first filters and 100 test pictures.

const interactive = results.interactive ?? null;

/** What the document stores for a scheme and width in a table {scheme: {bits: values}}, or null. */
function stored(table, state) {
  const bySchemes = table?.[state.series?.scheme] ?? table?.[state.cell?.levels];
  return bySchemes?.[String(state.bits)] ?? null;
}

/** A canvas sized for its place on the page and the screen's density, ready to draw in CSS pixels. */
function prepare(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Moves each bin's count onto the nearest level: the histogram of the quantized weights. */
function snap(bins, low, high, levels) {
  const mass = new Array(levels.length).fill(0);
  const step = (high - low) / bins.length;
  let at = 0;
  for (let bin = 0; bin < bins.length; ++bin) {
    const centre = low + (bin + 0.5) * step;
    while (at + 1 < levels.length && Math.abs(levels[at + 1] - centre) <= Math.abs(levels[at] - centre)) ++at;
    mass[at] += bins[bin];
  }
  return mass;
}

/** Fewer, wider bars where few weights would leave most of the 256 empty. */
function merge(bins) {
  const total = bins.reduce((sum, count) => sum + count, 0);
  let width = 1;
  while (bins.length / width > 24 && bins.length / width > 3 * Math.sqrt(total)) width *= 2;
  const merged = new Array(Math.ceil(bins.length / width)).fill(0);
  bins.forEach((count, bin) => { merged[Math.floor(bin / width)] += count; });
  return merged;
}

function drawHistogram(state) {
  const layer = interactive.layers?.[state.layer];
  byId("histogram-figure").hidden = !layer;
  if (!layer) return;
  const canvas = byId("histogram"), width = canvas.clientWidth, height = canvas.clientHeight;
  const context = prepare(canvas, width, height), base = height - 22;
  const { bins, low, high } = layer;
  const levels = stored(layer.levels, state)?.slice().sort((a, b) => a - b) ?? null;
  const left = Math.min(low, levels?.[0] ?? low), right = Math.max(high, levels?.[levels.length - 1] ?? high);
  const place = value => 6 + (value - left) / (right - left || 1) * (width - 12);
  const bars = merge(bins), tallest = Math.max(...bars, 1), step = (high - low) / bars.length;
  context.fillStyle = ink("fill");
  bars.forEach((count, bin) => {
    const x = place(low + bin * step), tall = count / tallest * (base - 8);
    context.fillRect(x, base - tall, Math.max(1, place(low + (bin + 1) * step) - x), tall);
  });
  if (levels && levels.length <= bins.length) drawStems(context, levels, snap(bins, low, high, levels), place, base);
  context.fillStyle = ink("quiet");
  context.font = "12px sans-serif";
  context.textBaseline = "bottom";
  [[left, "left"], [right, "right"]].forEach(([value, align]) => {
    context.textAlign = align;
    context.fillText(withMinus(significant(value, 3)), place(value), height);
  });
  byId("histogram-note").textContent = !levels
    ? `The document stores no levels of this scheme at ${bitsText(state.bits)}.`
    : levels.length > bins.length ? `${countText(levels.length)} levels: finer than the bars of this histogram.`
      : `${countText(levels.length)} levels; the height of a stem is the share of the weights that snap onto it.`;
}

function drawStems(context, levels, mass, place, base) {
  const tallest = Math.max(...mass, 1);
  const gap = levels.length > 1 ? (place(levels[levels.length - 1]) - place(levels[0])) / (levels.length - 1) : 40;
  const radius = Math.max(1.2, Math.min(4, gap / 3));
  context.strokeStyle = context.fillStyle = ink("accent");
  context.lineWidth = Math.max(0.75, Math.min(2, gap / 3));
  levels.forEach((level, index) => {
    const x = place(level), y = base - mass[index] / tallest * (base - 8);
    context.beginPath();
    context.moveTo(x, base + 4);
    context.lineTo(x, y);
    context.stroke();
    if (mass[index] > 0) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
  });
}

/** Blue for negative, paper for zero, orange for positive: a diverging scale that colour-blind readers see too. */
function diverging(share) {
  const dark = isDark(), zero = dark ? [30, 32, 37] : [247, 245, 240];
  const end = share < 0 ? (dark ? [90, 176, 240] : [8, 81, 156]) : (dark ? [255, 152, 80] : [190, 75, 0]);
  const weight = Math.min(1, Math.abs(share));
  return zero.map((channel, index) => Math.round(channel + (end[index] - channel) * weight));
}

/** Paints filters of shape [out, in, height, width]; three input channels as colours, others as their first channel. */
function paintFilters(canvas, shape, values, largest) {
  const [count, channels, rows, columns] = shape.length === 4 ? shape : [1, 1, shape[0], shape[1] ?? 1];
  const across = Math.ceil(Math.sqrt(count)), down = Math.ceil(count / across);
  const scale = Math.max(1, Math.floor(480 / (across * (columns + 1))));
  canvas.width = (across * (columns + 1) - 1) * scale;
  canvas.height = (down * (rows + 1) - 1) * scale;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const colour = channels === 3;
  for (let filter = 0; filter < count; ++filter) {
    for (let row = 0; row < rows; ++row) {
      for (let column = 0; column < columns; ++column) {
        const at = channel => values[((filter * channels + channel) * rows + row) * columns + column] / largest;
        const rgb = colour ? [0, 1, 2].map(channel => Math.round(127.5 * (1 + at(channel)))) : diverging(at(0));
        context.fillStyle = `rgb(${rgb.join()})`;
        context.fillRect(((filter % across) * (columns + 1) + column) * scale,
          (Math.floor(filter / across) * (rows + 1) + row) * scale, scale, scale);
      }
    }
  }
}

function drawFilters(state) {
  const filters = interactive.filters;
  byId("filters-figure").hidden = !filters;
  byId("filters-figure").parentElement.classList.toggle("single", !filters);
  if (!filters) return;
  const largest = filters.float.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const quantized = stored(filters.quantized, state);
  paintFilters(byId("filters-float"), filters.shape, filters.float, largest);
  paintFilters(byId("filters"), filters.shape, quantized ?? filters.float, largest);
  byId("filters").style.opacity = quantized ? 1 : 0.35;
  const distinct = quantized ? new Set(quantized).size : 0;
  byId("filters-note").textContent = quantized ? `${bitsText(state.bits)}: ${countText(distinct)} distinct values`
    : `not stored for ${bitsText(state.bits)}`;
}

/** Makes the grid of pictures once; marks change with the slider. */
function buildPictures() {
  const pictures = interactive?.pictures;
  byId("pictures-figure").hidden = !pictures;
  if (!pictures) return;
  const { count, width, height, channels } = pictures;
  const bytes = Uint8Array.from(atob(pictures.pixels_base64), character => character.charCodeAt(0));
  byId("pictures-title").textContent = `${countText(count)} test pictures`;
  const plane = width * height;
  for (let index = 0; index < count; ++index) {
    const canvas = element("canvas", { width, height });
    const context = canvas.getContext("2d"), image = context.createImageData(width, height);
    for (let pixel = 0; pixel < plane; ++pixel) {
      for (let channel = 0; channel < 3; ++channel) {
        // Planes after one another (channel, row, column); one grey plane serves all three colours.
        const from = index * channels + (channels === 3 ? channel : 0);
        image.data[4 * pixel + channel] = bytes[from * plane + pixel];
      }
      image.data[4 * pixel + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    byId("pictures").append(element("div", { class: "picture", role: "listitem" }, canvas));
  }
}

function markPictures(state) {
  const pictures = interactive.pictures;
  if (!pictures) return;
  const now = stored(pictures.predictions, state), float = pictures.float_prediction, { labels } = pictures;
  const name = index => pictures.class_names?.[index] ?? `class ${index}`;
  const tally = { lost: 0, both: 0, gained: 0 };
  [...byId("pictures").children].forEach((picture, index) => {
    const wrong = now && now[index] !== labels[index], wrongBefore = float && float[index] !== labels[index];
    const kind = wrong ? (wrongBefore ? "both" : "lost") : wrongBefore ? (now ? "gained" : "both") : "";
    if (kind) ++tally[kind];
    picture.className = `picture ${kind}`;
    const said = now ? `, predicted ${name(now[index])}` : "";
    picture.title = `${name(labels[index])}${said}${wrongBefore ? `; float said ${name(float[index])}` : ""}`;
    picture.setAttribute("aria-label", picture.title + (wrong ? " (wrong)" : ""));
  });
  byId("pictures-note").textContent = now
    ? `${tally.lost + tally.both} wrong at ${bitsText(state.bits)}, ${tally.both + tally.gained} in float: `
      + `${tally.lost} lost, ${tally.gained} gained.`
    : `Predictions are not stored for this scheme at ${bitsText(state.bits)}; the marks are those of float.`;
}

function drawInside(state) {
  const here = interactive !== null && interactive.model === models[state.model].id;
  byId("inside").hidden = !here;
  if (!here) return;
  byId("inside-hint").textContent = `The slider above moves all of it. Scheme: ${state.series?.label ?? "–"}.`;
  drawFilters(state); // first: without filters the histogram is wider
  drawHistogram(state);
  markPictures(state);
}
