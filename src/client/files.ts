import type { Problem } from '../protocol/codes/errors.ts';
import type { FileInfo } from '../protocol/objects.ts';
import { ownUrl } from './environment.ts';
import { type TokenSource, Tokens } from './tokens.ts';

export type { FileInfo } from '../protocol/objects.ts';

/** The service, and the user. */
export interface FilesOptions {
  /** The service's address; in a page, that of the page unless given. */
  url?: string | URL;
  /** Without a token the user is a guest, who may read files but not upload. */
  token?: TokenSource | undefined;
}

export interface UploadOptions {
  /** The file's name; by default its own. */
  name?: string;
  /** The `fileId` of the file of which this is a smaller picture. */
  previewOf?: string;
  /** Aborts the upload; nothing of it is kept. */
  signal?: AbortSignal;
  /** Called with the bytes sent so far, if the platform reports them, and the total. */
  onProgress?: (sent: number, total: number) => void;
}

/** A file was refused, or did not arrive. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  /** The service's refusal; undefined where it could not be reached. */
  readonly problem: Problem | undefined;

  constructor(problem?: Problem) {
    super(problem?.message ?? 'The service cannot be reached; send the file again.');
    this.problem = problem;
  }
}

interface Answer {
  status: number;
  text: string;
}

/** The part of the standard's XMLHttpRequest that an upload uses. */
interface Xhr {
  readonly status: number;
  readonly responseText: string;
  readonly upload: { onprogress: (event: { loaded: number; total: number }) => void };
  onload: () => void;
  onerror: () => void;
  onabort: () => void;
  onloadend: () => void;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  send(body: Blob): void;
  abort(): void;
}

const { XMLHttpRequest } = globalThis as unknown as { XMLHttpRequest?: new () => Xhr };

interface Held {
  fileToken: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** Least time until the file token of a returned address expires, in milliseconds. */
const LEAST_LEFT_MS = 60_000;

/** Uploads files for messages to name, and gives the addresses at which they are read. */
export class Files {
  readonly #base: string | URL;
  readonly #tokens: Tokens;
  /** File tokens, by room. */
  readonly #held = new Map<string, Held>();

  /** @example const files = new Files({ url, token }); */
  constructor({ url = ownUrl(), token }: FilesOptions = {}) {
    this.#base = url;
    this.#tokens = new Tokens(token);
  }

  /**
   * Uploads a file, for a message to name.
   * @throws FileRefused, or the signal's reason
   * @example const { fileId } = await files.upload('general', file);
   */
  async upload(
    roomId: string,
    file: Blob & { name?: string },
    options: UploadOptions = {},
  ): Promise<FileInfo> {
    const { previewOf, name = file.name ?? 'file' } = options;
    const headers = {
      'x-file-name': encodeURIComponent(name),
      ...(previewOf !== undefined && { 'x-preview-of': previewOf }),
    };
    const url = this.#urlOf(roomId, 'files');
    const { file: stored } = await this.#asUser((token) =>
      post(url, { ...headers, ...token }, file, options),
    );
    return stored as FileInfo;
  }

  /**
   * The address at which a browser reads a file, valid for an hour or two; ask again for each use.
   * @throws FileRefused
   * @example image.src = await files.address('general', fileId);
   */
  async address(roomId: string, fileId: string): Promise<string> {
    const { fileToken } = await this.#fileToken(roomId);
    const url = this.#urlOf(roomId, `files/${encodeURIComponent(fileId)}`);
    url.searchParams.set('t', fileToken);
    return url.href;
  }

  async #fileToken(roomId: string): Promise<Held> {
    const held = this.#held.get(roomId);
    if (held !== undefined && held.expiresAt - Date.now() > LEAST_LEFT_MS) return held;
    const url = this.#urlOf(roomId, 'file-token');
    const made = (await this.#asUser((token) => get(url, token))) as Held;
    this.#held.set(roomId, made);
    return made;
  }

  /** Sends a request with the token, and once more with a new one if that token is no longer accepted. */
  async #asUser(
    ask: (token: Record<string, string>) => Promise<Answer>,
  ): Promise<{ file?: unknown }> {
    const token = await this.#tokens.get();
    let answer = await ask(headerOf(token));
    if (answer.status === 401 && this.#tokens.canRenew) {
      answer = await ask(headerOf(await this.#tokens.get(token)));
    }
    return bodyOf(answer);
  }

  #urlOf(roomId: string, path: string): URL {
    return new URL(`rooms/${encodeURIComponent(roomId)}/${path}`, this.#base);
  }
}

function headerOf(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function bodyOf({ status, text }: Answer): object {
  let body: { error?: Problem } = {};
  try {
    body = JSON.parse(text) as { error?: Problem };
  } catch {
    // Not JSON: a proxy's error page.
  }
  if (status >= 200 && status < 300) return body;
  throw new FileRefused(body.error);
}

async function get(url: URL, headers: Record<string, string>): Promise<Answer> {
  const answer = await fetchAgain(url, { headers });
  if (answer === undefined) throw new FileRefused();
  return { status: answer.status, text: await answer.text() };
}

/**
 * Fetches, and once more if the connection fails: a server may close an idle connection as
 * it is reused.
 */
function fetchAgain(url: URL, init: RequestInit): Promise<Response | undefined> {
  const send = () => fetch(url, init);
  return send()
    .catch(send)
    .catch(() => undefined);
}

/** Uses `XMLHttpRequest`, which alone reports an upload's progress; where there is none, `fetch`. */
function post(
  url: URL,
  headers: Record<string, string>,
  file: Blob,
  options: UploadOptions,
): Promise<Answer> {
  options.signal?.throwIfAborted();
  return XMLHttpRequest === undefined
    ? postByFetch(url, headers, file, options)
    : postByXhr(new XMLHttpRequest(), url, headers, file, options);
}

async function postByFetch(
  url: URL,
  headers: Record<string, string>,
  file: Blob,
  { signal, onProgress }: UploadOptions,
): Promise<Answer> {
  const init = { method: 'POST', headers, body: file, ...(signal && { signal }) };
  const answer = await fetchAgain(url, init);
  signal?.throwIfAborted();
  if (answer === undefined) throw new FileRefused();
  onProgress?.(file.size, file.size);
  return { status: answer.status, text: await answer.text() };
}

function postByXhr(
  request: Xhr,
  url: URL,
  headers: Record<string, string>,
  file: Blob,
  { signal, onProgress }: UploadOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const abort = () => request.abort();
    request.open('POST', url.href);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress?.(loaded, total);
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new FileRefused());
    request.onabort = () => reject(signal?.reason as Error);
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    request.send(file);
  });
}
