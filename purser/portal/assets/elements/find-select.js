// <find-select> around a <select>: typed search. data-url fetches options as [{value, text}] for long lists.
import TomSelect from "tom-select/dist/esm/tom-select.complete.js";

class FindSelect extends HTMLElement {
  connectedCallback() {
    const select = this.querySelector("select");
    if (!select || select.tomselect) return;
    const url = this.dataset.url;
    const label = document.querySelector(`label[for="${select.id}"]`)?.textContent.trim();
    select.setAttribute("aria-hidden", "true"); // the search box speaks for it
    new TomSelect(select, {
      plugins: select.multiple ? ["remove_button"] : [],
      maxOptions: 200,
      valueField: "value",
      labelField: "text",
      searchField: ["text"],
      load: url
        ? (query, done) =>
            fetch(`${url}${url.includes("?") ? "&" : "?"}q=${encodeURIComponent(query)}`)
              .then((answer) => (answer.ok ? answer.json() : []))
              .then(done, () => done())
        : undefined,
      onInitialize() {
        if (label) this.control_input.setAttribute("aria-label", label);
      },
    });
  }
}
customElements.define("find-select", FindSelect);
