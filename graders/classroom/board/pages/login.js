/* Logs in with the token behind the # of an address, which no server sees. */
"use strict";

(function () {
  const told = document.getElementById("told");
  if (location.search === "?wrong") {
    told.textContent = "This is not the token of this board.";
  }

  function enter() {
    const token = location.hash.slice(1);
    if (!token) return;
    history.replaceState(null, "", location.pathname);
    document.getElementById("token").value = token;
    document.querySelector("form").submit();
  }

  // With the page open already, another address behind the # loads nothing.
  window.addEventListener("hashchange", enter);
  enter();
})();
