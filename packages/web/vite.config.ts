import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Every file beside index.html is named by its content and may be kept for ever; nothing is inlined, for the sake of the CSP. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, sourcemap: false, target: 'es2022' },
});
