import type { FileInfo, Files } from '../../../src/client/files.ts';
import { fixed } from '../../../src/protocol/codes/limits.ts';
import { sentenceOfError } from '../sentences.ts';
import { text } from '../texts.ts';
import { button, element, iconButton, setText } from '../view/dom.ts';
import { previewOf, withoutMetadata } from './pictures.ts';

export interface TrayOptions {
  roomId: string;
  files: Files;
  /** Called when the files in the tray, or the state of an upload, have changed. */
  changed: () => void;
  /** Says one sentence to the user. */
  say: (sentence: string) => void;
}

/** Uploads that went out with a message, by file id: they return to the tray with an unsent message. */
const taken = new Map<string, Upload>();

/** The files of the message that is being written, uploaded as soon as they are chosen. */
export class Tray {
  readonly element = element('ul', 'tray');
  readonly #options: TrayOptions;
  #uploads: Upload[] = [];

  constructor(options: TrayOptions) {
    this.#options = options;
    this.element.ariaLabel = text('files');
  }

  get isEmpty(): boolean {
    return this.#uploads.length === 0;
  }

  /** Whether a file is still being uploaded, or has failed: a message sent now would lack it. */
  get isBusy(): boolean {
    return this.#uploads.some(({ info }) => info === undefined);
  }

  add(files: readonly File[]): void {
    const free = fixed.messageFiles - this.#uploads.length;
    if (files.length > free) {
      this.#options.say(text('tooManyFiles', { count: fixed.messageFiles }));
    }
    for (const file of files.slice(0, free)) {
      const upload = new Upload(file, this.#options, () => this.#remove(upload));
      this.#uploads.push(upload);
      this.element.append(upload.element);
      void upload.start();
    }
    this.#options.changed();
  }

  /** Empties the tray for a message that is being sent. @returns the ids of its files */
  take(): string[] {
    const ids = this.#uploads.flatMap((upload) => {
      const id = upload.info?.fileId;
      if (id === undefined) return [];
      taken.set(id, upload);
      return [id];
    });
    this.#uploads = [];
    this.element.replaceChildren();
    return ids;
  }

  /** Takes back the files of a message that was not sent; after a reload only their ids are known. */
  restore(ids: readonly string[]): void {
    for (const id of ids) {
      const known = taken.get(id);
      const upload = new Upload(known?.file ?? new File([], id), this.#options, () =>
        this.#remove(upload),
      );
      upload.isStored(known?.info ?? { fileId: id });
      this.#uploads.push(upload);
      this.element.append(upload.element);
    }
    this.#options.changed();
  }

  #remove(upload: Upload): void {
    this.#uploads = this.#uploads.filter((one) => one !== upload);
    upload.element.remove();
    this.#options.changed();
  }
}

/** One file in the tray, and its upload. */
class Upload {
  readonly element = element('li', 'upload');
  readonly file: File;
  readonly #options: TrayOptions;
  readonly #progress = element('progress', '');
  readonly #problem = element('span', 'problem');
  readonly #retry = button(text('tryAgain'), () => void this.start());
  readonly #life = new AbortController();
  /** The stored file; undefined until it and its preview are uploaded. */
  info: Pick<FileInfo, 'fileId'> | undefined;

  constructor(file: File, options: TrayOptions, removed: () => void) {
    this.file = file;
    this.#options = options;
    const name = element('bdi', 'upload-name', file.name);
    name.title = file.name;
    this.#progress.ariaLabel = file.name;
    this.#problem.role = 'alert';
    const remove = iconButton(text('removeFile', { name: file.name }), 'close', () => {
      this.#life.abort();
      removed();
    });
    this.element.append(name, this.#progress, this.#problem, this.#retry, remove);
  }

  /** Never rejects: what goes wrong is shown beside the file. */
  async start(): Promise<void> {
    this.#show('');
    try {
      this.isStored(await this.#store());
    } catch (error) {
      if (this.#life.signal.aborted) return;
      this.#show(text('fileFailed', { why: sentenceOfError(error) }));
    }
    this.#options.changed();
  }

  isStored(info: Pick<FileInfo, 'fileId'>): void {
    this.info = info;
    this.#progress.hidden = true;
    this.#retry.hidden = true;
  }

  async #store(): Promise<FileInfo> {
    const { files, roomId } = this.#options;
    const { name } = this.file;
    const { signal } = this.#life;
    const bytes = await withoutMetadata(this.file);
    const onProgress = (sent: number, total: number) => {
      this.#progress.value = total === 0 ? 1 : sent / total;
    };
    const stored = await files.upload(roomId, bytes, { name, signal, onProgress });
    const preview = await previewOf(bytes);
    if (preview !== undefined) {
      const about = { name, signal, previewOf: stored.fileId };
      // Without a preview the picture itself is shown.
      await files.upload(roomId, preview, about).catch(() => undefined);
    }
    return stored;
  }

  #show(problem: string): void {
    setText(this.#problem, problem);
    this.#retry.hidden = problem === '';
    this.#progress.hidden = problem !== '';
    this.#progress.removeAttribute('value');
  }
}
