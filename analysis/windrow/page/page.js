"use strict";
// Draws the filters and the table from the data that lies in the page. State: what is filtered, sorted, shown and open.
const data = JSON.parse(document.getElementById("data").textContent);
const byName = new Map(data.axes.map((axis, i) => [axis.name, i]));
const shown = data.axes.map((axis) => axis.values.map(() => true));
const PAGE_ROWS = 100, MOST_CHIPS = 40;
const state = { view: "cells", sort: null, descending: false, rows: PAGE_ROWS, open: new Set(), metrics: data.metrics.map((m) => m.chosen) };

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
const short = (value) => (value === null ? "–" : Number(value.toPrecision(5)).toLocaleString("en-US", { useGrouping: false, maximumSignificantDigits: 5 }));
const scaled = (m, value) => (value === null ? null : value / data.metrics[m].scale[1]);

// Filters.

function drawFilters() {
  const nav = document.getElementById("filters");
  data.axes.forEach((axis, a) => {
    if (axis.values.length < 2) return;
    const set = element("fieldset", { title: axis.help }, element("legend", {}, axis.label));
    set.dataset.axis = axis.name;
    if (axis.values.length <= MOST_CHIPS) {
      axis.values.forEach((value, v) => {
        const box = element("input", { type: "checkbox", checked: true, value });
        box.addEventListener("change", () => { shown[a][v] = box.checked; filtered(); });
        set.append(element("label", {}, box, element("span", {}, value)));
      });
    } else if (axis.numbers) {
      const bounds = ["from", "to"].map((word) => element("input", { type: "number", step: "any", placeholder: word, ariaLabel: `${axis.label} ${word}` }));
      const apply = () => {
        const [low, high] = bounds.map((box) => (box.value === "" ? null : Number(box.value)));
        axis.numbers.forEach((number, v) => { shown[a][v] = (low === null || number >= low) && (high === null || number <= high); });
        filtered();
      };
      bounds.forEach((box) => box.addEventListener("input", apply));
      set.append(...bounds);
    } else {
      const box = element("input", { type: "search", placeholder: "contains", ariaLabel: `${axis.label} contains` });
      box.addEventListener("input", () => {
        axis.values.forEach((value, v) => { shown[a][v] = value.includes(box.value); });
        filtered();
      });
      set.append(box);
    }
    nav.append(set);
  });
}

function isOff(mark) { // "policy:3"
  const at = mark.lastIndexOf(":"), axis = byName.get(mark.slice(0, at));
  return axis !== undefined && !shown[axis][Number(mark.slice(at + 1))];
}

function filtered() {
  for (const part of document.querySelectorAll("svg [data-axis]")) part.classList.toggle("off", isOff(part.dataset.axis));
  for (const figure of document.querySelectorAll("#figures > *"))
    figure.hidden = Object.entries(figure.dataset).some(([key, mark]) => key.startsWith("axis-") && isOff(mark));
  state.rows = PAGE_ROWS;
  drawTable();
}

// The table: of means (cells) or of points.

function columns() {
  const points = state.view === "points", source = data[state.view];
  const axes = (points ? data.axes.map((axis) => axis.name) : source.axes).map((name, c) => {
    const axis = data.axes[byName.get(name)];
    return { key: `axis:${name}`, title: axis.label, help: axis.help, numeric: axis.numbers !== null, many: axis.values.length > 1, value: (i) => (axis.numbers ? axis.numbers : axis.values)[source.codes[c][i]], text: (i) => axis.values[source.codes[c][i]] };
  });
  const metrics = data.metrics.flatMap((metric, m) => (state.metrics[m] ? [{
    key: `metric:${metric.name}`, title: metric.label, unit: metric.scale[0], help: metric.help, numeric: true,
    value: points ? (i) => source.values[m][i] : (i) => source.mean[m][i],
    text: points ? (i) => short(scaled(m, source.values[m][i])) : (i) => cellText(source, m, i),
  }] : []));
  const status = { key: "status", title: "Status", value: (i) => source.status[i], text: (i) => element("span", { className: `status-${source.status[i]}`, title: source.message[i] }, source.status[i]) };
  const wall = { key: "wall_s", title: "Wall time", unit: "s", numeric: true, value: (i) => source.wall_s[i], text: (i) => short(source.wall_s[i]) };
  const kept = axes.filter((column) => column.many);
  return points ? [...(kept.length ? kept : axes), status, ...metrics, wall] : [...(kept.length ? kept : axes), ...metrics];
}

function cellText(cells, m, i) {
  const all = cells.points[i], ok = cells.ok[i];
  if (cells.saturated[i] > 0) return element("span", { className: "status-saturated" }, `saturated ${cells.saturated[i]}/${all}`);
  if (ok === 0) return cells.failed[i] > 0 ? element("span", { className: "status-failed" }, "failed") : "–";
  const made = element("span", {}, short(scaled(m, cells.mean[m][i])));
  if (cells.half[m][i] !== null) made.append(element("span", { className: "half" }, ` ± ${Number(scaled(m, cells.half[m][i]).toPrecision(2))}`));
  if (ok < all) made.append(element("span", { className: "half" }, ` (${ok}/${all})`));
  return made;
}

function rowsShown() {
  const source = data[state.view];
  const axes = state.view === "points" ? data.axes.map((_, a) => a) : source.axes.map((name) => byName.get(name));
  const count = source.codes.length ? source.codes[0].length : (source.row ?? source.points).length;
  const rows = [];
  for (let i = 0; i < count; ++i) if (axes.every((a, c) => shown[a][source.codes[c][i]])) rows.push(i);
  const by = columns().find((column) => column.key === state.sort);
  if (by) {
    const sign = state.descending ? -1 : 1;
    const missing = (value) => value === null || value === undefined;
    rows.sort((i, j) => { // what is missing comes last, whatever the direction
      const a = by.value(i), b = by.value(j);
      if (missing(a) || missing(b)) return missing(a) - missing(b) || i - j;
      return sign * (a < b ? -1 : a > b ? 1 : 0) || i - j;
    });
  }
  return rows;
}

function drawTable() {
  const shownColumns = columns(), rows = rowsShown(), table = document.getElementById("table");
  const head = element("tr", {}, ...shownColumns.map((column) => {
    const button = element("button", { type: "button", title: column.help ?? "" }, column.title);
    if (column.unit) button.append(element("span", { className: "unit" }, ` [${column.unit}]`));
    button.addEventListener("click", () => {
      state.descending = state.sort === column.key && !state.descending;
      state.sort = column.key;
      drawTable();
    });
    const cell = element("th", { scope: "col", className: column.numeric ? "number" : "" }, button);
    cell.dataset.key = column.key;
    if (state.sort === column.key) cell.ariaSort = state.descending ? "descending" : "ascending";
    return cell;
  }));
  table.tHead.replaceChildren(head);
  const points = state.view === "points", body = [];
  for (const i of rows.slice(0, state.rows)) {
    const row = element("tr", {}, ...shownColumns.map((column) => element("td", { className: column.numeric ? "number" : "" }, column.text(i))));
    body.push(row);
    if (!points) continue;
    row.className = "point";
    row.tabIndex = 0;
    row.dataset.row = data.points.row[i];
    const toggle = () => { state.open.has(i) ? state.open.delete(i) : state.open.add(i); drawTable(); };
    row.addEventListener("click", toggle);
    row.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === row) toggle(); });
    if (state.open.has(i)) {
      row.classList.add("open");
      body.push(element("tr", { className: "detail" }, element("td", { colSpan: shownColumns.length }, detail(i))));
    }
  }
  table.tBodies[0].replaceChildren(...body);
  const all = points ? data.total : data.cells.points.length;
  document.getElementById("count").textContent = `${rows.length} of ${all} ${points ? "points" : "combinations"}`;
  document.getElementById("more").hidden = rows.length <= state.rows;
  const seeds = data.axes.findIndex((axis) => axis.replicate), some = seeds >= 0 && shown[seeds].includes(false);
  document.getElementById("note").textContent = !points ? (some ? `Means are over all values of ${data.axes[seeds].name}, filtered or not.` : "") : data.total > data.points.row.length ? `The file has ${data.total} points; this page has ${data.points.row.length} of them, failed ones first.` : "A row opens at a click: all metrics, provenance, and the command that runs the point again.";
}

// One point, whole.

function configuration(i) { // the lines that differ, laid over the base: docs/result-file.md
  const difference = data.points.config[i];
  if (difference.startsWith("=")) return difference.slice(difference.indexOf("\n") + 1);
  const lines = new Map(), keyOf = (line) => line.split(": ", 1)[0], split = (text) => text.split("\n").filter((line) => line !== "");
  for (const line of split(data.base)) lines.set(keyOf(line), line);
  for (const line of split(difference)) line.startsWith("-") ? lines.delete(line.slice(1)) : lines.set(keyOf(line), line);
  return [...lines.keys()].sort().map((key) => `${lines.get(key)}\n`).join("");
}

const command = (i) => `windrow simulate /dev/stdin --simulator ${data.simulator} <<'END'\n${configuration(i)}END\n`;

function detail(i) {
  const p = data.points;
  const line = (name, value, unit, help) => element("tr", { title: help ?? "" }, element("td", {}, name), element("td", { className: "number" }, value), element("td", {}, unit ?? ""));
  const metrics = element("table", {}, ...data.metrics.map((metric, m) => line(metric.label, p.values[m][i] === null ? "–" : String(p.values[m][i]), metric.unit, metric.help)));
  const finished = p.completed[i] === null ? "–" : new Date(1000 * p.completed[i]).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  const facts = element("table", {}, ...[["Row", p.row[i]], ["Point id", p.id[i]], ["Completed", finished], ["Host, rank, attempt", `${p.host[i] || "–"}, ${p.rank[i]}, ${p.attempt[i]}`], ["Wall, processor time", `${short(p.wall_s[i])} s, ${short(p.cpu_s[i])} s`]].map(([name, value]) => element("tr", {}, element("td", {}, name), element("td", {}, String(value)))));
  const text = element("pre", { className: "command" }, command(i));
  const copy = element("button", { type: "button" }, "copy");
  copy.addEventListener("click", () => {
    getSelection().selectAllChildren(text);
    copy.textContent = document.execCommand("copy") ? "copied" : "selected"; // the clipboard of scripts is closed to pages from a file
  });
  const left = element("div", {}, element("h3", {}, "Metrics"), metrics), right = element("div", {});
  if (p.message[i]) right.append(element("h3", {}, p.status[i]), element("p", {}, p.message[i]));
  right.append(element("h3", {}, "Provenance"), facts, element("h3", {}, "Run this point again "), copy, text);
  return element("div", { className: "grid" }, left, right);
}

// Controls.

for (const button of document.querySelectorAll("[data-view]"))
  button.addEventListener("click", () => {
    state.view = button.dataset.view;
    state.sort = null;
    state.rows = PAGE_ROWS;
    for (const other of document.querySelectorAll("[data-view]")) other.setAttribute("aria-pressed", other === button);
    drawTable();
  });
document.getElementById("more").addEventListener("click", () => { state.rows += PAGE_ROWS * 5; drawTable(); });
document.querySelector("#columns div").append(...data.metrics.map((metric, m) => {
  const box = element("input", { type: "checkbox", checked: state.metrics[m] });
  box.addEventListener("change", () => { state.metrics[m] = box.checked; drawTable(); });
  return element("label", { title: metric.help }, box, ` ${metric.label}`);
}));
drawFilters();
drawTable();
