// What the pages of the inbox can do besides: keys, “all”, and the way back to where one was. Everything works without.
"use strict";

const OFF = "pingback-keys-off"; // in localStorage: a speech recognizer can have reasons to want no keys (WCAG 2.1.4)
const PLACE = "pingback-place"; // in sessionStorage: which item had the focus when a form was sent

const list = document.querySelector("form.list");
const items = list ? [...list.querySelectorAll(".item")] : [];
const boxes = list ? [...list.querySelectorAll("input[name=id]")] : [];
const dialog = document.querySelector("#keys");

const current = () => items.find((item) => item.contains(document.activeElement));
const boxOf = (item) => item.querySelector("input[name=id]");

function move(step) {
  const at = items.indexOf(current());
  const next = items[at < 0 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function press(word) {
  const selected = boxes.some((box) => box.checked);
  const button = selected
    ? list.querySelector(`.bulk button[value=${word}]`)
    : current()?.querySelector(`button[data-key=${word}]`);
  button?.click();
}

function toggle() {
  const box = current() && boxOf(current());
  if (box) {
    box.checked = !box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: toggle,
  a: () => press("approve"),
  s: () => press("spam"),
  d: () => press("delete"),
  b: () => press("block"),
  "/": () => document.querySelector("#search")?.focus(),
  "?": () => dialog?.showModal(),
};

function keyed(event) {
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (localStorage.getItem(OFF) && event.key !== "?") return;
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function count() {
  const number = boxes.filter((box) => box.checked).length;
  list.querySelector(".selected").textContent = number ? `${number} selected` : "";
  for (const button of list.querySelectorAll(".bulk button")) button.disabled = number === 0;
  const all = list.querySelector(".everything input");
  all.checked = number === boxes.length;
  all.indeterminate = number > 0 && number < boxes.length;
}

function prepareList() {
  const everything = list.querySelector(".everything");
  everything.hidden = boxes.length === 0;
  everything.firstElementChild.addEventListener("change", (event) => {
    for (const box of boxes) box.checked = event.target.checked;
    count();
  });
  list.addEventListener("change", count);
  list.addEventListener("submit", () => {
    const at = items.indexOf(current());
    if (at >= 0) sessionStorage.setItem(PLACE, String(at));
  });
  list.addEventListener("keydown", (event) => {
    // Enter would send the form, for nothing, and forget what is selected.
    if (event.key === "Enter" && event.target.type === "checkbox") event.preventDefault();
  });
  count(); // a browser that goes back brings the boxes back as they were
}

function returnToPlace() {
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  if (place !== null) items[Math.min(Number(place), items.length - 1)]?.focus();
}

function prepareKeys() {
  document.addEventListener("keydown", keyed);
  const opener = document.querySelector(".help-keys");
  opener.hidden = false;
  opener.addEventListener("click", () => dialog.showModal());
  const box = dialog.querySelector(".keys-on");
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
}

function showLocalTimes() {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

if (list) prepareList();
if (dialog) prepareKeys();
returnToPlace();
showLocalTimes();
