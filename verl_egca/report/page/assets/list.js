"use strict";
// The list of failing samples. Only the visible rows are in the document.

const list = document.getElementById("list");
const rows = document.getElementById("rows");
const MARGIN = 6; // rows drawn beyond each edge
let rowHeight = 56;
let listed = []; // samples that pass the filters, in order
let chosen = -1; // a place in `listed`
let onChosen = () => {};

function showList(samples, keep) {
  listed = samples;
  chosen = listed.indexOf(keep);
  rows.style.height = `${listed.length * rowHeight}px`;
  list.scrollTop = 0;
  if (chosen < 0 && listed.length) chosen = 0;
  if (chosen >= 0) scrollTo_(chosen);
  drawRows();
}

function choose(place, { quiet = false } = {}) {
  if (!listed.length) return;
  chosen = Math.max(0, Math.min(listed.length - 1, place));
  scrollTo_(chosen);
  drawRows();
  if (!quiet) onChosen(listed[chosen]);
}

function scrollTo_(place) {
  const top = place * rowHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + rowHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight - list.clientHeight;
}

function drawRows() {
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - MARGIN);
  const last = Math.min(listed.length, Math.ceil((list.scrollTop + list.clientHeight) / rowHeight) + MARGIN);
  const drawn = [];
  for (let place = first; place < last; place += 1) drawn.push(rowOf(place));
  if (chosen >= 0 && (chosen < first || chosen >= last)) drawn.push(rowOf(chosen)); // aria-activedescendant names it
  rows.replaceChildren(...drawn);
  if (chosen >= 0) list.setAttribute("aria-activedescendant", `row-${chosen}`);
  else list.removeAttribute("aria-activedescendant");
}

function rowOf(place) {
  const sample = listed[place];
  const blamed = SAMPLES.blamed[sample];
  const what = SAMPLES.short[sample] ? "short row" : blamed || nameOf("sure", sample);
  const row = make(
    "div",
    {
      role: "option", id: `row-${place}`, class: "row", "data-place": place,
      "aria-selected": place === chosen, "aria-setsize": listed.length, "aria-posinset": place + 1,
    },
    make("span", { class: "pair" },
      make("span", { class: "task" }, nameOf("task", sample)), make("span", { class: "advantage" }, signed(SAMPLES.advantage[sample]))),
    make("span", { class: "pair" },
      make("span", { class: blamed ? "what code" : "what" }, what),
      make("span", { class: "where" }, ...runBadge(sample), `${nameOf("mode", sample)} · step ${SAMPLES.step[sample]} `, sureMark(sample))),
  );
  row.style.top = `${place * rowHeight}px`;
  return row;
}

function runBadge(sample) {
  if (DATA.runs.length < 2) return [];
  const run = SAMPLES.run[sample];
  return [make("span", { class: `badge run-${run}` }, "AB"[run]), " "];
}

// A sign for the eye, words for a screen reader.
function sureMark(sample) {
  const sure = nameOf("sure", sample);
  const sign = { proven: "●", "partly proven": "◐", "a guess": "○", "not localized": "–" }[sure];
  return make("span", { class: `sure sure-${SAMPLES.sure[sample]}`, role: "img", "aria-label": sure, title: sure }, sign);
}

function keyInList(event) {
  const page = Math.max(1, Math.floor(list.clientHeight / rowHeight) - 1);
  const to = {
    ArrowDown: chosen + 1, ArrowUp: chosen - 1, PageDown: chosen + page, PageUp: chosen - page, Home: 0, End: listed.length - 1,
  }[event.key];
  if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  choose(to);
}
