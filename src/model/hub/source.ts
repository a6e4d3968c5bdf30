import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../json.ts';
import type { ModelSource, ProgressEvent } from '../model.ts';
import { aborted, openSource } from '../source.ts';
import { download } from './download.ts';
import { absent, addressOf, type Hub, type HubOptions, hubOf, isHubId, keyOf } from './hub.ts';
import { hashAs, type ListedFile } from './listing.ts';
import { headersOf, listingOf, remember } from './resolve.ts';

/** How bytes differ from what is stated of them, or null. */
async function difference({ size, digest }: ListedFile, bytes: Uint8Array): Promise<string | null> {
  if (size !== null && bytes.length !== size) return `${bytes.length} bytes, not ${size}`;
  const got = digest && (await hashAs(digest.kind, bytes));
  return digest && got !== digest.hex ? `hash ${got}, not ${digest.hex}` : null;
}

interface Wanted {
  readonly name: string;
  readonly revision: string;
  readonly listed: ListedFile;
  readonly report: (loaded: number) => void;
}

/** Downloads a file and checks it; once more from the start where it is not what it should be. @throws hash-mismatch, and as `download`. */
async function fetchFile(hub: Hub, { name, revision, listed, report }: Wanted): Promise<Uint8Array> {
  let wrong: string | null = null;
  for (let attempt = 0; attempt < 2; attempt++) {
    const bytes = await download(
      {
        address: addressOf(hub, name, revision),
        key: keyOf(hub, revision, name),
        file: listed,
        refuse: (status) => absent(hub, name, status),
        report,
      },
      hub.line,
      hub.store,
    );
    wrong = await difference(listed, bytes);
    if (wrong === null) return bytes;
  }
  const host = oneLine(hub.host);
  throw new WebspexError(
    'hash-mismatch',
    `${oneLine(name)}: expected what ${host} states for it, got ${wrong}, twice; try another network`,
  );
}

/** What has been found out about a model's files so far. */
interface Known {
  readonly hub: Hub;
  commit: string | null;
  /** Every file there is, or null where the hub does not list them. */
  readonly files: ReadonlyMap<string, ListedFile> | null;
  /** Files asked for one by one, where it does not. */
  readonly asked: Map<string, ListedFile>;
}

async function open(id: string, options: HubOptions): Promise<Known> {
  const { openStore, ...rest } = hubOf(id, options);
  const hub = { ...rest, store: await openStore() };
  const listing = await listingOf(hub);
  return { hub, commit: listing?.commit ?? null, files: listing?.files ?? null, asked: new Map() };
}

async function listed(known: Known, name: string): Promise<ListedFile> {
  const { hub, files, asked } = known;
  if (files) return files.get(name) ?? Promise.reject(absent(hub, name, 'no such file'));
  const { commit, file } = await headersOf(hub, name, known.commit ?? hub.wanted);
  known.commit ??= commit;
  asked.set(name, file);
  return file;
}

/** A checked copy from the cache; a spoilt one is thrown away. */
async function cachedFile({ store }: Hub, key: string, file: ListedFile): Promise<Uint8Array | null> {
  // Without a hash nothing tells a copy from another state of the branch.
  const bytes = file.digest ? await store.get(key) : null;
  if (bytes && (await difference(file, bytes)) !== null) {
    await store.remove(key);
    return null;
  }
  return bytes;
}

async function readFile(known: Known, name: string, onProgress?: (event: ProgressEvent) => void): Promise<Uint8Array> {
  const { hub, asked, files } = known;
  const { id } = hub;
  const file = await listed(known, name);
  const revision = known.commit ?? hub.wanted;
  const key = keyOf(hub, revision, name);
  const cached = await cachedFile(hub, key, file);
  if (cached) {
    onProgress?.({ status: 'done', name: id, file: name, loaded: cached.length, total: cached.length, progress: 100 });
    return cached;
  }
  if (hub.offline) throw absent(hub, name, 'no sound copy in the cache, and nothing may be asked of the hub');
  onProgress?.({ status: 'download', name: id, file: name });
  const total = file.size ?? undefined;
  const report = (loaded: number) => {
    const progress = total ? Math.min(100, (100 * loaded) / total) : undefined;
    onProgress?.({ status: 'progress', name: id, file: name, loaded, total, progress });
  };
  const bytes = await fetchFile(hub, { name, revision, listed: file, report });
  if (file.digest) await hub.store.put(key, bytes);
  if (!files && known.commit) await remember(hub, { commit: known.commit, files: asked });
  onProgress?.({ status: 'done', name: id, file: name });
  return bytes;
}

/**
 * A model of the hub. The revision is resolved to a commit once; every file is checked against the length and the hash that the hub states
 * for it, kept, and checked again when it is read from the cache; a file that came in part is taken up where it ended.
 * `read` throws not-found, hash-mismatch, bad-file where the hub cannot be reached, and aborted. @throws usage for a name that is no id.
 */
export function openHub(id: string, options: HubOptions = {}): ModelSource {
  const { wanted } = hubOf(id, options);
  let opening: Promise<Known> | null = null;
  let commit: string | null = null;
  return {
    id,
    get revision() {
      return commit ?? wanted;
    },
    async read(file, onProgress) {
      if (options.signal?.aborted) throw aborted(options.signal.reason);
      onProgress?.({ status: 'initiate', name: id, file });
      opening ??= open(id, options);
      const known = await opening;
      try {
        return await readFile(known, file, onProgress);
      } finally {
        commit = known.commit;
      }
    },
  };
}

/**
 * A model by its folder, its address, or its hub id. What has the form of both is a folder where one with a config.json (or `sign`) is there.
 * @throws usage where the place is empty; `read` throws as `openSource` and `openHub`.
 */
export function openModel(place: string | URL, options: HubOptions = {}): ModelSource {
  const folder = openSource(place, options);
  if (typeof place !== 'string' || !isHubId(place)) return folder;
  const { sign = 'config.json' } = options;
  const hub = openHub(place, options);
  let choosing: Promise<ModelSource> | null = null;
  let chosen = hub;
  let first: Uint8Array | null = null;
  const choose = async (onProgress?: (event: ProgressEvent) => void) => {
    try {
      first = await folder.read(sign, onProgress);
      return folder;
    } catch (error) {
      if (error instanceof WebspexError && error.code === 'not-found') return hub;
      throw error;
    }
  };
  return {
    get id() {
      return chosen.id;
    },
    get revision() {
      return chosen.revision;
    },
    async read(file, onProgress) {
      choosing ??= choose(onProgress);
      chosen = await choosing;
      const had = file === sign ? first : null;
      if (had) first = null;
      return had ?? chosen.read(file, onProgress);
    },
  };
}
