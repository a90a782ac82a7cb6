/* Search from a file: browsers start no worker for a page that was opened
 * from disk. This one runs the worker's script in a hidden frame instead. */
"use strict";

if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.title = "search";
      document.documentElement.append(frame);
      const inner = frame.contentWindow;
      inner.postMessage = (data) => {
        this.dispatchEvent(new MessageEvent("message", { data }));
      };
      inner.importScripts = (...urls) => urls.reduce(
        (before, one) => before.then(() => this.constructor.run(inner, one)),
        Promise.resolve(),
      );
      this.inner = inner;
      this.ready = this.constructor.run(inner, url);
    }

    static run(inner, url) {
      return new Promise((resolve, reject) => {
        const script = inner.document.createElement("script");
        script.src = new URL(url, document.baseURI);
        script.onload = resolve;
        script.onerror = reject;
        inner.document.head.append(script);
      });
    }

    postMessage(data) {
      this.ready.then(() => {
        this.inner.dispatchEvent(new MessageEvent("message", { data }));
      });
    }
  };
}
