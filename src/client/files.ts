import type { Problem } from '../protocol/codes/errors.ts';
import type { FileInfo } from '../protocol/objects.ts';
import { ownUrl } from './environment.ts';
import { type TokenSource, Tokens } from './tokens.ts';

export type { FileInfo } from '../protocol/objects.ts';

/** Whose files, and where. */
export interface FilesOptions {
  /** Of the service; a page may leave out its own. */
  url?: string | URL;
  /** Without one, as a guest: who may read, and not upload. */
  token?: TokenSource | undefined;
}

export interface UploadOptions {
  /** By default the file's own. */
  name?: string;
  /** The `fileId` of the file of which this is a smaller picture. */
  previewOf?: string;
  /** Ends the upload, of which nothing is left. */
  signal?: AbortSignal;
  /** Bytes sent so far, where the platform tells, and in all. */
  onProgress?: (sent: number, total: number) => void;
}

/** A file that was refused, or did not arrive. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  /** What the service said; absent where it could not be reached. */
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

/** As much of the standard's XMLHttpRequest as an upload uses. */
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

/** An address is not given out with a token that ends sooner, in milliseconds. */
const LEAST_LEFT_MS = 60_000;

/** Uploads files for messages to name, and gives the addresses at which they are read. */
export class Files {
  readonly #base: string | URL;
  readonly #tokens: Tokens;
  /** By room. */
  readonly #held = new Map<string, Held>();

  /** @example const files = new Files({ url, token }); */
  constructor({ url = ownUrl(), token }: FilesOptions = {}) {
    this.#base = url;
    this.#tokens = new Tokens(token);
  }

  /**
   * Uploads a file; a message that names it shows it.
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
   * Where a browser reads a file, for an hour or two; ask again for each use.
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

  /** Asks with the token, and once more with a newer one where that is of no use any more. */
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
    // A proxy's page.
  }
  if (status >= 200 && status < 300) return body;
  throw new FileRefused(body.error);
}

async function get(url: URL, headers: Record<string, string>): Promise<Answer> {
  const answer = await fetchAgain(url, { headers });
  if (answer === undefined) throw new FileRefused();
  return { status: answer.status, text: await answer.text() };
}

/** Fetches, and once more where that breaks: a server may end a kept connection as it is used. */
function fetchAgain(url: URL, init: RequestInit): Promise<Response | undefined> {
  const send = () => fetch(url, init);
  return send()
    .catch(send)
    .catch(() => undefined);
}

/** Only `XMLHttpRequest` tells how far an upload has come; where there is none, it comes at once. */
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
