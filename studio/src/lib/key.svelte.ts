// The server's key: in this tab alone, and gone when it is closed.

const name = "fromnoise-key";

class Key {
  wanted = $state(false); // the server asked for it, or turned down the one there is

  get(): string | null {
    return sessionStorage.getItem(name);
  }

  keep(key: string): void {
    sessionStorage.setItem(name, key);
  }

  /** Let go of a key that the server turned down. */
  refused(): void {
    sessionStorage.removeItem(name);
    this.wanted = true;
  }
}

export const key = new Key();
