/* The page for a projector: how many are where, without names. */
"use strict";

(function () {
  const LAYERS = ["begun", "allocation", "advertisement", "neighbour", "route",
    "forwarding", "endpoint", "source-ip", "policy", "solved"];
  const WORDS = { begun: "not graded yet" };
  const labs = document.getElementById("labs");
  const shown = new Map();

  function make(lab) {
    const box = document.createElement("section");
    const title = document.createElement("h2");
    title.textContent = lab;
    const list = document.createElement("dl");
    box.append(title, list);
    const places = new Map(LAYERS.map((layer) => {
      const name = document.createElement("dt");
      const value = document.createElement("dd");
      const bar = document.createElement("span");
      const number = document.createElement("span");
      name.textContent = WORDS[layer] || layer;
      bar.className = `bar ${layer}`;
      value.append(bar, number);
      const pair = document.createElement("div");
      pair.append(name, value);
      list.append(pair);
      return [layer, { pair, bar, number }];
    }));
    return { box, places };
  }

  follow("counts", (message) => {
    let students = 0;
    const names = Object.keys(message.labs);
    for (const lab of names) {
      if (!shown.has(lab)) shown.set(lab, make(lab));
      const counts = message.labs[lab];
      const all = Object.values(counts).reduce((a, b) => a + b, 0);
      students += all;
      for (const [layer, place] of shown.get(lab).places) {
        const number = counts[layer] || 0;
        place.pair.className = number ? "" : "zero";
        place.bar.style.setProperty("--part", String(number / all));
        place.number.textContent = String(number);
      }
    }
    for (const lab of shown.keys()) if (!names.includes(lab)) shown.delete(lab);
    const boxes = names.map((lab) => shown.get(lab).box);
    if (boxes.length !== labs.children.length ||
        boxes.some((box, at) => labs.children[at] !== box)) {
      labs.replaceChildren(...boxes);
    }
    const hands = message.hands;
    document.getElementById("sum").textContent = students
      ? `${hands} raised hand${hands === 1 ? "" : "s"}`
      : "The board has not been told anything yet.";
  });
})();
