import { mount } from "svelte";

import "./app.css";
import App from "./App.svelte";
import { theme } from "./lib/theme.svelte";

theme.show();
mount(App, { target: document.getElementById("studio")! });
