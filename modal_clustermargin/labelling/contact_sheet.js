"use strict";
// Label by keyboard. The browser stores what is typed; the file to download has the form
// of the exported one.

const SKIP = "skip";
const NONE = "none";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

// A CSV text with the byte order mark and line ends that spreadsheets expect.
function csvOf(columns, rows, labels) {
  const at = columns.indexOf("label");
  const answered = rows.map((row, i) => row.map((cell, j) => (j === at ? labels[i] : cell)));
  const line = (cells) => cells.map((cell) => '"' + cell.replace(/"/g, '""') + '"').join(",");
  return "\ufeff" + [columns, ...answered].map((cells) => line(cells) + "\r\n").join("");
}

// A key for each class, or no keys if there are too many classes.
function keysOf(classes) {
  const ownKey = (name) => name.length === 1 && name !== " ";
  if (classes.every(ownKey)) return classes;
  const keys = "123456789" + LETTERS;
  return classes.length <= keys.length ? [...keys].slice(0, classes.length) : [];
}

function partsOf(label, multiLabel) {
  const parts = multiLabel ? label.split(/[|;]/) : [label];
  return parts.map((part) => part.trim()).filter((part) => part);
}

// Add a class to the label, or remove it.
function toggled(label, name, classes) {
  const parts = new Set(partsOf(label, true).filter((part) => classes.includes(part)));
  if (!parts.delete(name)) parts.add(name);
  return classes.filter((each) => parts.has(each)).join("|");
}

// "", "answered", "skipped" or "unknown".
function stateOf(label, classes, multiLabel) {
  const parts = partsOf(label, multiLabel).map((part) => part.toLowerCase());
  if (!parts.length) return "";
  if (parts.length === 1 && parts[0] === SKIP) return "skipped";
  if (!classes || (multiLabel && parts.length === 1 && parts[0] === NONE)) return "answered";
  const known = new Set(classes.map((name) => name.toLowerCase()));
  return parts.every((part) => known.has(part)) ? "answered" : "unknown";
}

function start(data) {
  const { name, columns, rows, classes, multiLabel } = data;
  const cards = [...document.querySelectorAll(".card")];
  const inputs = cards.map((card) => card.querySelector("input"));
  const rowOf = cards.map((card) => Number(card.dataset.row));
  const keys = classes ? keysOf(classes) : [];
  const byKey = new Map(keys.map((key, i) => [key, classes[i]]));
  // Another batch may have the same path.
  const kept = keptIn(location.pathname + " " + JSON.stringify(rows.map((row) => row[0])));
  let current = 0;

  function show() {
    const states = inputs.map((input) => stateOf(input.value, classes, multiLabel));
    cards.forEach((card, i) => {
      const now = i === current ? " current" : "";
      card.className = "card " + states[i] + now;
      inputs[i].title = states[i] === "unknown" ? "not a class" : "";
    });
    const count = (state) => states.filter((each) => each === state).length;
    const done = count("answered") + count("skipped");
    document.getElementById("bar").value = done;
    const skipped = count("skipped") ? ", " + count("skipped") + " of them skipped" : "";
    const unknown = count("unknown") ? ", " + count("unknown") + " unknown (red)" : "";
    const end = done === cards.length ? ". Download the file." : "";
    document.getElementById("count").textContent =
      done + " of " + cards.length + " done" + skipped + unknown + end;
  }

  function write(i, label) {
    inputs[i].value = label;
    remember(i);
  }

  function remember(i) {
    kept.put(rows[rowOf[i]][0], [data.labels[rowOf[i]], inputs[i].value]);
    document.getElementById("note").textContent = "";
    show();
  }

  function go(i) {
    if (i < 0 || i >= cards.length) return;
    current = i;
    show();
    // Without keys, labels are typed.
    (keys.length ? cards[i] : inputs[i]).focus();
    cards[i].scrollIntoView({ block: "nearest" });
  }

  // Go to the next sample without a label; after the last comes the first.
  function next() {
    const after = cards.map((_, i) => (current + 1 + i) % cards.length);
    const open = after.find((i) => !inputs[i].value.trim());
    if (open !== undefined) go(open);
    else show();
  }

  function choose(label) {
    if (multiLabel && label !== SKIP && label !== NONE) {
      write(current, toggled(inputs[current].value, label, classes));
      go(current);
    } else {
      write(current, label);
      next();
    }
  }

  function clear() {
    write(current, "");
    go(current);
  }

  // The nearest card above (-1) or below (1).
  function vertical(direction) {
    const boxes = cards.map((card) => card.getBoundingClientRect());
    const here = boxes[current];
    let best = -1;
    let least = Infinity;
    boxes.forEach((box, i) => {
      const down = direction * (box.top - here.top);
      const distance = 10 * down + Math.abs(box.left - here.left);
      if (down > here.height / 2 && distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target.tagName === "INPUT";
    if (event.target.tagName === "BUTTON") return;
    const move = {
      ArrowLeft: () => go(current - 1),
      ArrowRight: () => go(current + 1),
      ArrowUp: () => go(vertical(-1)),
      ArrowDown: () => go(vertical(1)),
      Backspace: clear,
      Delete: clear,
      " ": () => choose(SKIP),
    };
    if (event.key === "Enter") next();
    else if (isTyping) return;
    else if (byKey.has(event.key)) choose(byKey.get(event.key));
    else if (event.key in move) move[event.key]();
    else return;
    event.preventDefault();
  }

  function save() {
    const labels = rows.map(() => "");
    inputs.forEach((input, i) => (labels[rowOf[i]] = input.value.trim()));
    const file = new Blob([csvOf(columns, rows, labels)], { type: "text/csv;charset=utf-8" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    document.getElementById("note").textContent =
      "Move the file into the folder of this page, and run your script again.";
  }

  function offer(label, action, key) {
    const button = document.createElement("button");
    button.type = "button";
    if (key) {
      const hint = document.createElement("kbd");
      hint.textContent = key;
      button.append(hint);
    }
    if (key !== label) button.append(label);
    button.addEventListener("click", action);
    document.getElementById("choices").append(button);
  }

  (classes || []).forEach((label, i) => offer(label, () => choose(label), keys[i]));
  if (multiLabel) offer(NONE + " of them", () => choose(NONE));
  offer(SKIP, () => choose(SKIP), keys.length ? "Space" : "");
  offer("clear", clear, keys.length ? "Backspace" : "");
  inputs.forEach((input, i) => {
    // A typed label counts until another label has been read from the file.
    const [before, typed] = kept.get(rows[rowOf[i]][0]) || [];
    if (before === data.labels[rowOf[i]]) input.value = typed;
    input.addEventListener("input", () => remember(i));
    input.addEventListener("focus", () => {
      current = i;
      show();
    });
  });
  cards.forEach((card, i) => {
    card.addEventListener("focus", () => {
      current = i;
      show();
    });
    card.addEventListener("click", (event) => {
      if (event.target.tagName !== "INPUT") go(i);
    });
    const image = card.querySelector("img");
    // Small pictures show their pixels; large ones are smooth.
    const sharpen = () => image.classList.toggle("small", image.naturalWidth < 100);
    if (image) image.complete ? sharpen() : image.addEventListener("load", sharpen);
  });
  document.getElementById("keys").hidden = !keys.length;
  document.addEventListener("keydown", press);
  document.getElementById("save").addEventListener("click", save);
  const open = inputs.findIndex((input) => !input.value.trim());
  go(open === -1 ? 0 : open);
}

// What the browser stores for this page.
function keptIn(place) {
  let all = new Map();
  try {
    all = new Map(JSON.parse(localStorage.getItem(place) || "[]"));
  } catch {
    // Some browsers have no storage for local files.
  }
  return {
    get: (id) => all.get(id),
    put(id, value) {
      all.set(id, value);
      try {
        localStorage.setItem(place, JSON.stringify([...all]));
      } catch {
        // The page works without storage while it is open.
      }
    },
  };
}

if (typeof document !== "undefined") {
  start(JSON.parse(document.getElementById("data").textContent));
}
