import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const server = "http://127.0.0.1:8000"; // `fromnoise serve`, for `npm run dev`

export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../fromnoise/serving/studio",
    emptyOutDir: true,
    assetsDir: ".",
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    // Names without hashes: the build is committed, and a change shows as a change of one file.
    rollupOptions: {
      output: {
        entryFileNames: "studio.js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
  server: { proxy: { "/api": server, "/v1": server } },
});
