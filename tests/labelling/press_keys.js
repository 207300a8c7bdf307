// Opens a page of a batch without a browser, presses keys, and prints what comes of it:
//   node press_keys.js page.html '["1", "Enter", {"type": "cat"}]' 'what was kept before'
// Only what the page's script uses is imitated here; nothing is laid out.
"use strict";
const fs = require("node:fs");

const page = fs.readFileSync(process.argv[2], "utf-8");
const between = (before, after) => page.split(before)[1].split(after)[0];
const data = between('<script type="application/json" id="data">', "</script>");
const script = between("<script>\n", "</script>");

class Element {
  constructor(tagName, place) {
    Object.assign(this, { tagName, place, value: "", dataset: {}, heard: {} });
    this.children = [];
  }
  addEventListener(type, action) {
    this.heard[type] = action;
  }
  append(child) {
    this.children.push(child);
  }
  focus() {
    focused = this;
    this.heard.focus?.();
  }
  click() {
    this.heard.click?.({ target: this });
    if (this.tagName === "A") saved = this.href;
  }
  scrollIntoView() {}
  getBoundingClientRect() {
    return { top: 100 * Math.floor(this.place / 3), left: 80 * (this.place % 3), height: 90 };
  }
}

const ids = {};
let focused = null;
let saved = null;
let storage = process.argv[4] ? JSON.parse(process.argv[4]) : {};
const cards = [...page.matchAll(/data-row="(\d+)"/g)].map(([, row], place) => {
  const card = new Element("DIV", place);
  card.dataset.row = row;
  card.input = new Element("INPUT", place);
  card.input.value = JSON.parse(data).labels[row];
  card.querySelector = (what) => (what === "input" ? card.input : null);
  return card;
});
const document = {
  heard: {},
  addEventListener: Element.prototype.addEventListener,
  createElement: (name) => new Element(name.toUpperCase()),
  getElementById: (id) => (ids[id] ??= new Element("DIV")),
  querySelectorAll: () => cards,
};
ids.data = { textContent: data };
const surroundings = {
  document,
  location: { pathname: "/labels/batch-001.html" },
  localStorage: {
    getItem: (key) => storage[key] ?? null,
    setItem: (key, value) => (storage[key] = value),
  },
  URL: { createObjectURL: (blob) => blob.parts[0], revokeObjectURL() {} },
  Blob: function (parts) {
    this.parts = parts;
  },
  setTimeout() {},
};
new Function(...Object.keys(surroundings), script)(...Object.values(surroundings));

for (const step of JSON.parse(process.argv[3])) {
  if (step.type !== undefined) {
    const input = focused.input ?? focused;
    input.focus();
    input.value = step.type;
    input.heard.input();
  } else if (step.choose !== undefined) {
    ids.choices.children[step.choose].click();
  } else {
    document.heard.keydown({ key: step, target: focused, preventDefault() {} });
  }
}
ids.save.click();
const shown = {
  csv: saved,
  kept: storage,
  count: ids.count.textContent,
  states: cards.map((card) => card.className),
  choices: ids.choices.children.map((button) =>
    button.children.map((part) => part.textContent ?? part).join(" ")
  ),
};
process.stdout.write(JSON.stringify(shown));
