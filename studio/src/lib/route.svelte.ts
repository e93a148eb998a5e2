// Which view is open, and its settings, both in the address: #make?prompt=a+red+apple&seed=7

export const titles = {
  make: "Make",
  words: "Words",
  gallery: "Gallery",
  reports: "Reports",
  watch: "Watch",
} as const;
export type View = keyof typeof titles;

class Route {
  view = $state<View>("make");
  query = $state.raw(new URLSearchParams());

  constructor() {
    this.#read();
    window.addEventListener("hashchange", () => this.#read());
  }

  /** Open a view, as a new entry of the browser's history. */
  go(view: View, query = new URLSearchParams()): void {
    location.hash = address(view, query);
  }

  /** Write settings into the address, without a new entry. */
  keep(view: View, query: URLSearchParams): void {
    if (view === this.view) history.replaceState(null, "", `#${address(view, query)}`);
  }

  #read(): void {
    const [name, query] = location.hash.slice(1).split("?", 2);
    this.view = name && Object.hasOwn(titles, name) ? (name as View) : "make";
    this.query = new URLSearchParams(query ?? "");
  }
}

function address(view: View, query: URLSearchParams): string {
  const text = query.toString();
  return text ? `${view}?${text}` : view;
}

export const route = new Route();
