import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const server = "http://127.0.0.1:8000"; // `fromnoise serve`, for `npm run dev`

export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../fromnoise/serving/studio",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    // The server shows assets/ without its key. Names have no hashes: the build is committed, and a change
    // is to show as a change of one file.
    rollupOptions: {
      output: {
        entryFileNames: "assets/studio.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  server: { proxy: { "/api": server, "/v1": server } },
});
