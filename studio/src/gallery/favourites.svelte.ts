// The results that somebody likes: their names are kept in this browser, the results on the server.

const key = "fromnoise-favourites";

class Favourites {
  ids = $state<string[]>(read());

  has(id: string): boolean {
    return this.ids.includes(id);
  }

  toggle(id: string): void {
    this.#set(this.has(id) ? this.ids.filter((one) => one !== id) : [id, ...this.ids]);
  }

  forget(id: string): void {
    if (this.has(id)) this.toggle(id);
  }

  #set(ids: string[]): void {
    this.ids = ids;
    localStorage.setItem(key, JSON.stringify(ids));
  }
}

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export const favourites = new Favourites();
