/* Shows on a lab's page what a file of `lab progress --json` says of it. */
"use strict";

(function () {
  const box = document.getElementById("lab-progress");
  if (!box) return;
  const KEY = "metallb-lab-kit progress";
  const told = box.querySelector("[role=status]");
  const list = box.querySelector("ul");
  const field = box.querySelector("input");
  const forget = box.querySelector("button");

  function runs(text) {
    const found = JSON.parse(text);
    if (found.version > 1) throw new Error("a later version of the kit wrote it");
    return found.runs.filter((run) => run.lab === box.dataset.lab);
  }

  function count(number, word) {
    return `${number} ${word}${number === 1 ? "" : "s"}`;
  }

  function line(run) {
    const end = run.solved ? "solved" : run.gave_up ? "given up" : "not solved yet";
    return [
      `${String(run.started).slice(0, 10)}: ${run.variant ? `${run.variant}, ` : ""}${end}`,
      count(Math.round(run.seconds / 60), "minute"),
      count(run.attempts, "attempt"), count(run.hints, "hint"),
    ].join(", ");
  }

  function show(text) {
    const found = runs(text);
    list.replaceChildren(...found.map((run) => {
      const item = document.createElement("li");
      item.textContent = line(run);
      return item;
    }));
    told.textContent = found.length ? "" : "You have not started this lab yet.";
    forget.hidden = false;
  }

  function clear(words) {
    list.replaceChildren();
    told.textContent = words;
    forget.hidden = true;
  }

  field.addEventListener("change", async () => {
    if (!field.files.length) return;
    const text = await field.files[0].text();
    try {
      show(text);
    } catch (error) {
      const why = error instanceof SyntaxError || error instanceof TypeError
        ? "lab progress --json did not write it" : error.message;
      clear(`This file cannot be shown: ${why}.`);
      return;
    }
    try {
      localStorage.setItem(KEY, text);
    } catch { /* the file is opened again next time */ }
  });
  forget.addEventListener("click", () => {
    field.value = "";
    clear("");
    try {
      localStorage.removeItem(KEY);
    } catch { /* nothing was kept */ }
  });
  try {
    const kept = localStorage.getItem(KEY);
    if (kept) show(kept);
  } catch { /* what was kept is of another version */ }
  box.hidden = false;
})();
