// Light, dark, or as the system says; the choice is kept in this browser.

export type Choice = "auto" | "light" | "dark";

const key = "fromnoise-theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

class Theme {
  choice = $state<Choice>(read());

  constructor() {
    system.addEventListener("change", () => this.show());
  }

  choose(choice: Choice): void {
    this.choice = choice;
    localStorage.setItem(key, choice);
    this.show();
  }

  show(): void {
    const dark = this.choice === "auto" ? system.matches : this.choice === "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }
}

function read(): Choice {
  const kept = localStorage.getItem(key);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export const theme = new Theme();
