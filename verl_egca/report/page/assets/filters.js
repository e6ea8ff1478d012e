"use strict";
// The filters of the list. Each is a column of the index and a control; "" means any.

const control = (name) => document.getElementById(`f-${name}`);
const CHOICES = ["run", "step", "mode", "sure"].filter(control);

function fillFilters() {
  for (const column of CHOICES) {
    const present = [...new Set(SAMPLES[column])].sort((a, b) => a - b);
    const name = (value) => (column === "step" ? String(value) : column === "run" ? `${"AB"[value]}: ${DATA.runs[value]}` : SAMPLES.names[column][value]);
    control(column).append(make("option", { value: "" }, "all"), ...present.map((value) => make("option", { value }, name(value))));
  }
}

function filtered() {
  const task = control("task").value.trim().toLowerCase();
  const tasks = SAMPLES.names.task.map((name) => name.toLowerCase().includes(task));
  const wanted = CHOICES.filter((column) => control(column).value !== "").map((column) => [SAMPLES[column], Number(control(column).value)]);
  const full = Boolean(control("full")?.checked);
  const found = [];
  for (let sample = 0; sample < COUNT; sample += 1) {
    if (tasks[SAMPLES.task[sample]] && !(full && SAMPLES.short[sample]) && wanted.every(([column, value]) => column[sample] === value)) found.push(sample);
  }
  return found;
}

function readFilters() {
  const state = {};
  for (const column of CHOICES) if (control(column).value !== "") state[column] = control(column).value;
  if (control("task").value) state.task = control("task").value;
  if (control("full")?.checked) state.full = "1";
  return state;
}

function setFilters(state) {
  for (const column of CHOICES) {
    control(column).value = state[column] ?? "";
    if (control(column).selectedIndex < 0) control(column).value = "";
  }
  control("task").value = state.task ?? "";
  if (control("full")) control("full").checked = state.full === "1";
}
