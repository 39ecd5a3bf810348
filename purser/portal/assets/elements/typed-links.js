// <typed-links data-url>: what is typed is sent to the server, which answers with links; arrows move among them, Enter opens
// the marked one, or the first as soon as it is there. Without script the form beneath asks for the same list as a page.
const WAIT = 120;

class TypedLinks extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input[type=search]");
    this.out = this.querySelector("[data-found]");
    this.addEventListener("input", () => this.later());
    this.addEventListener("keydown", (event) => this.key(event));
    this.addEventListener("submit", (event) => this.first(event));
  }

  open() {
    if (document.activeElement === this.input) return; // somebody types already
    this.input.focus();
    this.input.select();
    this.asked = this.ask();
  }

  later() {
    clearTimeout(this.timer);
    this.asked = new Promise((done) => {
      this.timer = setTimeout(() => this.ask().then(done), WAIT);
    });
  }

  async ask() {
    const text = this.input.value;
    const answer = await fetch(`${this.dataset.url}&q=${encodeURIComponent(text)}`, { headers: { Accept: "text/html" } });
    if (!answer.ok || this.input.value !== text) return;
    this.out.innerHTML = await answer.text();
    const count = this.links().length;
    document.getElementById("status").textContent = count === 1 ? "1 found" : `${count} found`;
  }

  links() {
    return [...this.out.querySelectorAll("a[data-go]")];
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [this.input, ...this.links()];
    const at = all.indexOf(document.activeElement);
    all[(at + step + all.length) % all.length].focus();
  }

  async first(event) {
    if (event.target.method !== "get") return;
    event.preventDefault();
    await this.asked;
    const link = this.links()[0];
    if (link) link.click();
    else event.target.submit();
  }
}
customElements.define("typed-links", TypedLinks);
