/* Judges the quiz in the browser, and remembers how far the reader is. */
"use strict";

(function () {
  const quiz = document.getElementById("quiz-questions");
  if (!quiz) return;
  const KEY = `metallb-lab-kit quiz ${quiz.dataset.key}`;
  const packed = JSON.parse(document.getElementById("quiz-answers").textContent);
  const answers = JSON.parse(atob(packed));
  const forms = [...quiz.querySelectorAll("form.quiz-question")];
  const score = document.getElementById("quiz-score");
  const progress = document.getElementById("quiz-progress");
  let state = load();

  function load() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || {};
    } catch {
      return {};
    }
  }

  function save() {
    try {
      localStorage.setItem(KEY, JSON.stringify(state));
    } catch { /* it is forgotten when the page is left */ }
  }

  const id = (form) => form.dataset.question;
  const inputs = (form) => [...form.querySelectorAll("input")];

  function taken(form) {
    return inputs(form).filter((one) => one.checked).map((one) => Number(one.value));
  }

  function isRight(form, chosen) {
    return String(answers[id(form)].right) === String(chosen);
  }

  function hideVerdict(form) {
    form.querySelector(".quiz-verdict").replaceChildren();
    for (const choice of form.querySelectorAll(".quiz-choice")) {
      choice.classList.remove("quiz-right", "quiz-wrong");
      const why = choice.querySelector(".quiz-why");
      why.hidden = true;
      why.replaceChildren();
    }
  }

  /* Explains what was chosen, and, if it is over, what was right. */
  function explain(form, chosen, whole) {
    const answer = answers[id(form)];
    [...form.querySelectorAll(".quiz-choice")].forEach((choice, at) => {
      const right = answer.right.includes(at);
      if (!(whole || chosen.includes(at))) return;
      choice.classList.add(right ? "quiz-right" : "quiz-wrong");
      const why = choice.querySelector(".quiz-why");
      why.innerHTML = `<strong>${right ? "Right" : "Wrong"}.</strong> ${answer.why[at]}`;
      why.hidden = false;
    });
  }

  function say(form, words, more) {
    const line = document.createElement("p");
    line.innerHTML = `<strong>${words}</strong> ${more || ""}`;
    form.querySelector(".quiz-verdict").replaceChildren(line);
  }

  function judge(form, chosen) {
    hideVerdict(form);
    if (!chosen.length) {
      say(form, "Choose an answer first.");
      return;
    }
    const right = isRight(form, chosen);
    explain(form, chosen, right);
    if (right) say(form, "Right.", answers[id(form)].explanation);
    else if (chosen.every((at) => answers[id(form)].right.includes(at))) {
      say(form, "Not yet: more answers are right.");
    } else say(form, "Not right. Choose again, or show the answer.");
    state[id(form)] = { chosen, right };
    tell();
  }

  function reveal(form) {
    hideVerdict(form);
    explain(form, [], true);
    say(form, "This is the answer.", answers[id(form)].explanation);
    state[id(form)] = { chosen: taken(form), right: false, shown: true };
    tell();
  }

  function tell() {
    const right = forms.filter((form) => state[id(form)]?.right).length;
    score.textContent = `${right} of ${forms.length} right.`;
    progress.value = right;
    save();
  }

  function restore(form) {
    const before = state[id(form)];
    if (!before || !Array.isArray(before.chosen)) return;
    for (const input of inputs(form)) {
      input.checked = before.chosen.includes(Number(input.value));
    }
    if (before.shown) reveal(form);
    else judge(form, before.chosen);
  }

  for (const form of forms) {
    form.querySelector(".quiz-buttons").hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      judge(form, taken(form));
    });
    form.querySelector(".quiz-show").addEventListener("click", () => reveal(form));
    restore(form);
  }
  document.getElementById("quiz-reset").addEventListener("click", () => {
    state = {};
    for (const form of forms) {
      form.reset();
      hideVerdict(form);
    }
    tell();
  });
  quiz.querySelector(".quiz-score").hidden = false;
  tell();
})();
