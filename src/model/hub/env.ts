/** Where models come from and are kept; the names are those of transformers.js. */
export interface HubEnv {
  /** With or without the slash at its end. */
  remoteHost: string;
  remotePathTemplate: string;
  /** False: hub ids are looked for in the cache alone. */
  allowRemoteModels: boolean;
  /** Folder of the cache in Node; null: `webspex/hub` in the user's cache folder. Pages use Cache Storage. */
  cacheDir: string | null;
}

/** The one mutable setting of the library, as users of transformers.js expect it: change it before a model is loaded. */
export const env: HubEnv = {
  remoteHost: 'https://huggingface.co/',
  remotePathTemplate: '{model}/resolve/{revision}/',
  allowRemoteModels: true,
  cacheDir: null,
};
