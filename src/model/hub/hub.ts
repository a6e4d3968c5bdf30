import { WebspexError } from '../../core/errors.ts';
import { oneLine } from '../json.ts';
import type { SourceOptions } from '../source.ts';
import type { Line } from './download.ts';
import { env, type HubEnv } from './env.ts';
import { type HubStore, openStore } from './store.ts';

export interface HubOptions extends SourceOptions {
  /** A branch, a tag or a commit; default `main`. */
  readonly revision?: string;
  /** Nothing is asked of the hub: what is not in the cache is not found. */
  readonly localFilesOnly?: boolean;
  /** In place of the settings that `env` has when the source is opened. */
  readonly env?: HubEnv;
  readonly store?: HubStore;
  /** What a folder has that is a model's; default config.json. */
  readonly sign?: string;
  /** First wait in ms before asking a busy hub again. */
  readonly waitMs?: number;
}

/** One model at one revision of one hub. */
export interface Hub {
  readonly id: string;
  readonly host: string;
  readonly wanted: string;
  readonly template: string;
  readonly offline: boolean;
  readonly line: Line;
  readonly store: HubStore;
}

const ID = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/;
const REVISION = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/;
const FIRST_WAIT_MS = 500;

/** Whether a name has the form of a hub id, `org/name`; a folder may have it too. */
export function isHubId(name: string): boolean {
  return ID.test(name) && !name.includes('..');
}

/** A browser's own `fetch` may not be called as a method of something else. */
const ask: typeof fetch = (...request) => globalThis.fetch(...request);

/** Where a model is looked for, with the settings as they are now. @throws usage for a name that is no id, or a revision that is none. */
export function hubOf(id: string, options: HubOptions): Omit<Hub, 'store'> & { openStore(): Promise<HubStore> } {
  if (!isHubId(id)) throw new WebspexError('usage', `model: expected an id such as org/name, got ${oneLine(id)}; name one`);
  const wanted = options.revision ?? 'main';
  if (!REVISION.test(wanted))
    throw new WebspexError('usage', `revision: expected a branch, tag or commit, got ${oneLine(wanted)}; name one`);
  const { remoteHost, remotePathTemplate, allowRemoteModels, cacheDir } = options.env ?? env;
  return {
    id,
    wanted,
    host: remoteHost.replace(/\/*$/, '/'),
    template: remotePathTemplate,
    offline: options.localFilesOnly === true || !allowRemoteModels,
    line: { ask: options.fetch ?? ask, signal: options.signal, waitMs: options.waitMs ?? FIRST_WAIT_MS },
    openStore: () => (options.store ? Promise.resolve(options.store) : openStore(cacheDir)),
  };
}

/** Where a file of a revision is asked for. */
export function addressOf({ host, template, id }: Hub, file: string, revision: string): string {
  const path = template.replaceAll('{model}', id).replaceAll('{revision}', encodeURIComponent(revision));
  return host + path + file.split('/').map(encodeURIComponent).join('/');
}

/** A part of a path in the cache for any text: nothing that leaves it, nothing that a file system takes for something else. */
function plain(text: string): string {
  return text.replace(/[^\w.-]/g, '-').replace(/^\.+/, '-');
}

/** Where things of a model are kept. */
export function keyOf({ host, id }: Hub, ...parts: readonly string[]): string {
  return [host.replace(/^\w+:\/\//, ''), id, ...parts].map(plain).join('/');
}

/** That something is not there, or not for everyone. */
export function absent({ id, host }: Hub, what: string, status: number | string): WebspexError {
  const closed = status === 401 || status === 403;
  const hint = closed ? 'it is absent, private or gated: download it yourself and name its folder' : 'check the name and the revision';
  const got = typeof status === 'number' ? `HTTP ${status}` : status;
  return new WebspexError('not-found', `model: expected ${what} of ${id} at ${oneLine(host)}, got ${got}; ${hint}`);
}
