"use strict";
// Joins list, filters and detail; keeps the choice in the address, for reloads and for sharing.

const THEMES = ["auto", "light", "dark"];

function start() {
  startTheme();
  if (COUNT) startPrograms();
  if (DATA.reload_s) startReload(DATA.reload_s);
}

// ---- programs

function startPrograms() {
  rowHeight = Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 3.5);
  fillFilters();
  onChosen = (sample) => { showDetail(sample); remember(); };
  onView = remember;
  recall();
  list.addEventListener("scroll", () => requestAnimationFrame(drawRows), { passive: true });
  new ResizeObserver(drawRows).observe(list);
  list.addEventListener("keydown", keyInList);
  list.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row) choose(Number(row.dataset.place));
  });
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("filters").addEventListener("input", () => { refilter(listed[chosen]); remember(); });
  document.getElementById("clear").addEventListener("click", () => { setFilters({}); refilter(listed[chosen]); remember(); });
  document.getElementById("programs").addEventListener("keydown", keyInPrograms);
  // a link to a part of the page takes the address; another sample's address may be pasted over this one's
  addEventListener("hashchange", () => (location.hash.includes("of=") ? recall() : remember()));
  for (const kind of ["pointerover", "pointerdown"]) detailPane.addEventListener(kind, point);
  for (const button of document.querySelectorAll("button.open")) button.addEventListener("click", () => openSample(Number(button.dataset.sample)));
}

function refilter(keep) {
  const found = filtered();
  showList(found, keep);
  document.getElementById("count").textContent = `${found.length.toLocaleString("en")} of ${COUNT.toLocaleString("en")}`;
  if (found.length) showDetail(listed[chosen]);
  else noDetail();
}

function openSample(sample) {
  if (!listed.includes(sample)) setFilters({});
  refilter(sample);
  remember();
  document.getElementById("programs").scrollIntoView();
  list.focus({ preventScroll: true });
}

function keyInPrograms(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input[type=search], select")) return;
  const act = {
    j: () => choose(chosen + 1), k: () => choose(chosen - 1), u: () => setView(view === "egca" ? "grpo" : "egca"), "/": () => control("task").focus(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

// ---- the address

// A sample's identity, not its index: a running run adds others before it.
function nameSample(sample) {
  let earlier = 0;
  for (let other = 0; other < sample; other += 1) earlier += same(other, sample);
  return { of: `${SAMPLES.run[sample]}.${SAMPLES.step[sample]}.${earlier}`, at: nameOf("task", sample) };
}

function same(other, sample) {
  return SAMPLES.step[other] === SAMPLES.step[sample] && SAMPLES.task[other] === SAMPLES.task[sample] && SAMPLES.run[other] === SAMPLES.run[sample] ? 1 : 0;
}

function sampleNamed({ of, at }) {
  const [run, step, earlier] = (of ?? "").split(".").map(Number);
  let seen = 0;
  for (let sample = 0; of && sample < COUNT; sample += 1) {
    if (SAMPLES.run[sample] !== run || SAMPLES.step[sample] !== step || nameOf("task", sample) !== at) continue;
    if (seen === earlier) return sample;
    seen += 1;
  }
  return -1;
}

function recall() {
  const state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  setFilters(state);
  view = state.view === "grpo" ? "grpo" : "egca";
  refilter(sampleNamed(state));
}

let remembering = 0;

// Delayed: a browser limits new addresses per second, and a held key makes more.
function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(writeAddress, 150);
}

function writeAddress() {
  const state = { ...readFilters(), ...(chosen >= 0 ? nameSample(listed[chosen]) : {}) };
  if (view !== "egca") state.view = view;
  history.replaceState(null, "", `#${new URLSearchParams(state)}`);
}

// ---- colours

function startTheme() {
  const button = document.getElementById("theme");
  let theme = "auto";
  try { theme = localStorage.getItem("egca-theme") ?? "auto"; } catch { /* a browser may keep nothing for files */ }
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = theme[0].toUpperCase() + theme.slice(1);
    button.setAttribute("aria-label", `Colours: ${theme === "auto" ? "the system's" : theme}`);
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    try { localStorage.setItem("egca-theme", theme); } catch { /* then it holds until the page is left */ }
    apply();
  });
  apply();
}

// ---- a run that still trains

function startReload(seconds) {
  let left = seconds;
  let paused = false;
  const wait = () => { left = seconds; };
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) addEventListener(kind, wait, { passive: true });
  const button = document.getElementById("pause");
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    wait();
  });
  setInterval(() => {
    left -= paused || document.hidden ? 0 : 1;
    if (left <= 0) location.reload();
  }, 1000);
}

start();
