/* The teacher's page: a row for each student and lab, kept up to date. */
"use strict";

(function () {
  const STUCK_MIN = 15;
  const body = document.getElementById("rows");
  const lab = document.getElementById("lab");
  const earlier = document.getElementById("earlier");
  const rows = new Map();
  let ahead = 0; // milliseconds of the board's clock before this one's
  let hands = 0;

  function words(row) {
    if (row.solved) return "solved";
    if (row.layer) return row.layer;
    return row.attempts ? "none; not all checked" : "not graded yet";
  }

  function minutes(row) {
    if (!row.lab || row.solved || row.state === "left") return "";
    const passed = Date.now() + ahead - row.since * 1000;
    return String(Math.max(0, Math.floor(passed / 60000)));
  }

  function computers(waiting) {
    if (!waiting) return "";
    return waiting === 1 ? "Events of another computer wait." :
      `Events of ${waiting} other computers wait.`;
  }

  function act(path, wish, buttons) {
    for (const button of buttons) button.disabled = true;
    fetch(path, {
      method: "POST",
      headers: { "X-Board": "1" },
      body: JSON.stringify(wish),
    }).then((answer) => answer.ok, () => false).then((done) => {
      for (const button of buttons) button.disabled = done;
    });
  }

  function cell(line, name, label) {
    const made = document.createElement(name);
    made.setAttribute("role", name === "th" ? "rowheader" : "cell");
    if (name === "th") made.scope = "row";
    made.dataset.label = label;
    line.append(made);
    return made;
  }

  // A text with buttons; each is a word on it and what it asks for.
  function note(place, path, choices) {
    const made = document.createElement("span");
    made.className = "note";
    const said = document.createElement("span");
    const buttons = choices.map(([word]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = word;
      return button;
    });
    buttons.forEach((button, at) => button.addEventListener("click",
      () => act(path, choices[at][1], buttons)));
    made.append(said, ...buttons.flatMap((button) => [" ", button]));
    place.append(made);
    return (text) => {
      made.hidden = !text;
      set(said, text);
      if (!text) for (const button of buttons) button.disabled = false;
    };
  }

  function line(row) {
    const made = document.createElement("tr");
    made.setAttribute("role", "row");
    const who = cell(made, "th", "Student");
    const name = document.createElement("span");
    who.append(name);
    const student = row.student;
    const hand = note(who, "lower", [["Helped", { student }]]);
    const computer = note(who, "computer", [
      ["Accept it", { student, word: "accept" }],
      ["Accept only it", { student, word: "replace" }],
      ["Refuse it", { student, word: "refuse" }],
    ]);
    const cells = ["Lab", "First broken layer", "Minutes without progress",
      "Attempts", "Hints", "Points"].map((label) => cell(made, "td", label));
    return { made, name, hand, computer, cells };
  }

  function set(place, text) {
    if (place.textContent !== text) place.textContent = text;
  }

  function fill(one) {
    const { row, made, cells } = one;
    const wait = minutes(row);
    set(one.name, row.name === row.student ? row.name :
      `${row.name} (${row.student})`);
    one.hand(row.raised ? row.hand || "Raises a hand." : "");
    one.computer(computers(row.waiting));
    [row.lab || "no lab", row.lab ? words(row) : "", wait,
      String(row.attempts), String(row.hints),
      row.total ? `${row.points} of ${row.total}` : "",
    ].forEach((text, at) => set(cells[at], text));
    const stuck = row.state === "working" && Number(wait) >= STUCK_MIN;
    made.className = row.raised ? "hand" : stuck ? "stuck" : row.state;
    made.hidden = Boolean(lab.value && row.lab !== lab.value) ||
      (row.state === "earlier" && !earlier.checked && !row.raised);
  }

  function before(one, other) {
    const [a, b] = [one.row.need, other.row.need];
    return a[0] - b[0] || a[1] - b[1] ||
      (one.row.student < other.row.student ? -1 : 1);
  }

  // Rows that are in their place already stay, with what has the focus.
  function sort() {
    const focused = document.activeElement;
    let at = body.firstChild;
    for (const { made } of [...rows.values()].sort(before)) {
      if (made === at) at = at.nextSibling;
      else body.insertBefore(made, at);
    }
    if (focused !== document.activeElement) focused.focus();
  }

  function count(number, one, many) {
    return `${number} ${number === 1 ? one : many}`;
  }

  function sum() {
    const shown = [...rows.values()].map((one) => one.row);
    const raised = shown.filter((row) => row.raised);
    const number = (state) => shown.filter((row) => row.state === state).length;
    set(document.getElementById("sum"), [
      count(raised.length, "raised hand", "raised hands"),
      `${number("working")} at work`,
      `${number("idle")} not heard from for a while`,
      `${number("solved")} solved`,
    ].join(", "));
    document.getElementById("none").hidden = shown.length > 0;
    document.title = `${raised.length ? `(${raised.length}) ` : ""}Class board`;
    if (raised.length > hands) {
      const last = raised.reduce((a, b) => (a.raised > b.raised ? a : b));
      document.getElementById("asked").textContent =
        `${last.name} asks: ${last.hand}`;
    }
    hands = raised.length;
  }

  function labs() {
    const names = [...new Set([...rows.values()].map((one) => one.row.lab))];
    for (const name of names.filter(Boolean).sort()) {
      if ([...lab.options].some((option) => option.value === name)) continue;
      lab.append(new Option(name, name));
    }
  }

  function silent(names) {
    const box = document.getElementById("silent");
    box.hidden = !names.length;
    set(box.querySelector("summary"),
      `${count(names.length, "student has", "students have")} told nothing yet`);
    set(box.querySelector("p"), names.join(", "));
  }

  function refill() {
    for (const one of rows.values()) fill(one);
  }

  lab.addEventListener("change", refill);
  earlier.addEventListener("change", refill);
  setInterval(refill, 10000);

  follow("rows", (message) => {
    ahead = message.now * 1000 - Date.now();
    if (message.all) {
      rows.clear();
      body.replaceChildren();
    }
    for (const row of message.rows) {
      const key = `${row.student} ${row.lab}`;
      if (!rows.has(key)) rows.set(key, line(row));
      const one = rows.get(key);
      one.row = row;
      fill(one);
    }
    sort();
    labs();
    sum();
    silent(message.silent);
  });
})();
