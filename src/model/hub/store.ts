/** Keeps bytes by name between runs. A store that cannot keep anything answers null and keeps nothing. */
export interface HubStore {
  get(key: string): Promise<Uint8Array | null>;
  /** Whole or not at all. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

interface NodeModules {
  'node:fs/promises': {
    readFile(path: string): Promise<Uint8Array>;
    writeFile(path: string, bytes: Uint8Array): Promise<void>;
    rename(from: string, to: string): Promise<void>;
    mkdir(path: string, options: { recursive: boolean }): Promise<unknown>;
    rm(path: string, options: { force: boolean }): Promise<void>;
  };
  'node:os': { homedir(): string };
}

/** A module of Node's where there is one; asked for at run time so that bundlers for browsers see no `node:` import. */
function nodeModule<K extends keyof NodeModules>(name: K): NodeModules[K] | null {
  const runtime = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  return (runtime?.getBuiltinModule?.(name) as NodeModules[K] | undefined) ?? null;
}

/** Where models of the hub are kept in Node unless `env.cacheDir` says otherwise; null elsewhere. */
export function defaultCacheFolder(): string | null {
  const { env = {}, pid } = (globalThis as { process?: { env?: Record<string, string | undefined>; pid?: number } }).process ?? {};
  if (pid === undefined) return null;
  const home = nodeModule('node:os')?.homedir();
  const base = env.XDG_CACHE_HOME || (home && `${home}/.cache`);
  return base ? `${base}/webspex/hub` : null;
}

/** Files in a folder; a file is written beside its place and moved there. Keys are paths of plain names. */
export function diskStore(folder: string): HubStore | null {
  const disk = nodeModule('node:fs/promises');
  if (!disk) return null;
  const pathOf = (key: string) => `${folder}/${key}`;
  let written = 0;
  return {
    get: (key) =>
      disk.readFile(pathOf(key)).then(
        (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        () => null,
      ),
    async put(key, bytes) {
      const path = pathOf(key);
      await disk.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true });
      // Two processes may write one file at a time.
      const { pid = 0 } = (globalThis as { process?: { pid?: number } }).process ?? {};
      const beside = `${path}.${pid}-${++written}.tmp`;
      try {
        await disk.writeFile(beside, bytes);
        await disk.rename(beside, path);
      } catch (error) {
        await disk.rm(beside, { force: true });
        throw error;
      }
    },
    remove: (key) => disk.rm(pathOf(key), { force: true }),
  };
}

/** Cache Storage of a page or worker; null where there is none, as in private frames. */
export async function cacheStore(storage: CacheStorage | undefined): Promise<HubStore | null> {
  try {
    const cache = await storage?.open('webspex');
    if (!cache) return null;
    // An address that is asked of nobody.
    const addressOf = (key: string) => `https://webspex.invalid/${key}`;
    return {
      async get(key) {
        const found = await cache.match(addressOf(key));
        return found ? new Uint8Array(await found.arrayBuffer()) : null;
      },
      put: (key, bytes) => cache.put(addressOf(key), new Response(bytes as Uint8Array<ArrayBuffer>)),
      async remove(key) {
        await cache.delete(addressOf(key));
      },
    };
  } catch {
    return null;
  }
}

const NOTHING: HubStore = { get: async () => null, put: async () => {}, remove: async () => {} };

/** A store whose failures to write cost a download later, not the run now: a full disk, a full quota. */
function forgiving(store: HubStore): HubStore {
  const ignore = () => {};
  return {
    get: (key) => store.get(key).catch(() => null),
    put: (key, bytes) => store.put(key, bytes).catch(ignore),
    remove: (key) => store.remove(key).catch(ignore),
  };
}

/** The user's cache folder in Node, Cache Storage elsewhere. */
export async function openStore(folder: string | null): Promise<HubStore> {
  const place = folder ?? defaultCacheFolder();
  const store = (place === null ? null : diskStore(place)) ?? (await cacheStore(globalThis.caches));
  return forgiving(store ?? NOTHING);
}
