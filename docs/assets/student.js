/* The box in which the reader types a name: fills in that plan's numbers. */
"use strict";

(function () {
  const form = document.querySelector("form[data-student]");
  if (!form) return;
  const KEY = "metallb-lab-kit student";
  const told = document.getElementById("student-told");
  const field = form.elements.student;

  function leaf(values, path) {
    return path.split(".").reduce((found, key) => found?.[key], values);
  }

  function show(name) {
    const problem = labPlan.problem(name);
    field.setAttribute("aria-invalid", String(Boolean(problem)));
    if (problem) {
      told.textContent = problem;
      return;
    }
    const values = labPlan.plan(name);
    for (const element of document.querySelectorAll("[data-plan]")) {
      element.textContent = leaf(values, element.dataset.plan);
    }
    told.textContent = `These are the numbers of ${name}.`;
    keep(name);
  }

  /* Storage may be switched off; the page works without. */
  function keep(name) {
    try {
      localStorage.setItem(KEY, name);
    } catch { /* the name is asked for again next time */ }
  }

  function kept() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(field.value.trim().replace(/\s+/g, " "));
  });
  const before = kept();
  if (before && !labPlan.problem(before)) {
    field.value = before;
    show(before);
  }
})();
