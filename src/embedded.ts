/**
 * Where the embedded sentiment model lies beside this package: one folder up from `src/` and from `dist/` alike. Bundled into a
 * page this address means nothing: pass the folder you serve the model from.
 */
const FOLDER = '../models/minilm-sst2/';
export const EMBEDDED_MODEL = new URL(FOLDER, import.meta.url);
