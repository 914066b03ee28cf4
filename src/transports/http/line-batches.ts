import { Refusal } from '../../protocol/codes/errors.ts';
import { fixed } from '../../protocol/codes/limits.ts';
import { type FileLine, inLine, readFileLine } from '../../protocol/export-lines.ts';
import { isBlank } from '../../protocol/frames.ts';
import { Utf8Reader } from './body-text.ts';

/** Successive whole lines. */
export interface LineBatch {
  text: string;
  /** Number of the first line, from 1. */
  line: number;
}

/** A line with bytes of a file, and its number. */
export interface FileAtLine {
  file: FileLine;
  line: number;
}

export type Body = ReadableStream<Uint8Array>;

/** A batch is handed on when it has this many lines or characters. */
const BATCH_LINES = 500;
const BATCH_CHARACTERS = 256 * 1024;

/**
 * The lines of a body in batches, as they come; only the current batch is in memory. The last line
 * needs no line end. A batch of only blank lines is left out. A file's line comes by itself, before the
 * batch in which it was found, but not before the first line.
 * @throws Refusal `too_large` for more than 50 MB, or a line of more than 2 Mi characters;
 * `invalid_payload` for bytes that are not UTF-8
 */
export async function* linesOf(body: Body): AsyncGenerator<LineBatch | FileAtLine> {
  const reader = new Utf8Reader();
  let bytes = 0;
  let rest = '';
  let batch = new Batch(1);
  for await (const chunk of chunksOf(body)) {
    bytes += chunk.byteLength;
    if (bytes > fixed.importPartBytes) throw partTooBig();
    const lines = (rest + reader.read(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const file = fileIn(line, batch);
      // An empty line takes the place of a file's line, so that line numbers stay right.
      batch.add(file === undefined ? line : '');
      const isFirst = file !== undefined && batch.line === 1;
      if (batch.isFull || isFirst) {
        if (!batch.isBlank) yield batch;
        batch = batch.next();
      }
      if (file !== undefined) yield file;
    }
    if (rest.length > fixed.importLineBytes) throw lineTooLong(batch.next().line);
  }
  rest += reader.read();
  const file = fileIn(rest, batch);
  if (rest !== '') batch.add(file === undefined ? rest : '');
  if (!batch.isBlank) yield batch;
  if (file !== undefined) yield file;
}

function fileIn(text: string, batch: Batch): FileAtLine | undefined {
  const { line } = batch.next();
  try {
    const file = readFileLine(text);
    return file && { file, line };
  } catch (error) {
    throw inLine(error, line);
  }
}

/** The chunks of a body. If the caller stops early, the rest can still be read. */
async function* chunksOf(body: Body): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.releaseLock();
  }
}

/**
 * Reads the rest of a body, up to the size limit of an import, and drops it: a client that is answered
 * while it sends may see its connection cut, and not the answer. Never rejects.
 */
export async function drain(body: Body): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of chunksOf(body)) {
      bytes += chunk.byteLength;
      if (bytes > fixed.importPartBytes) return;
    }
  } catch {
    // The client is gone.
  }
}

class Batch implements LineBatch {
  readonly line: number;
  readonly #lines: string[] = [];
  #characters = 0;

  constructor(line: number) {
    this.line = line;
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  get isBlank(): boolean {
    return this.#lines.every((line) => isBlank(line));
  }

  get isFull(): boolean {
    return this.#lines.length >= BATCH_LINES || this.#characters >= BATCH_CHARACTERS;
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
  }

  next(): Batch {
    return new Batch(this.line + this.#lines.length);
  }
}

/** The refusal of a part that is over the size limit. */
export function partTooBig(): Refusal {
  const megabytes = fixed.importPartBytes / 1_000_000;
  return new Refusal('too_large', `Send an import in parts of at most ${megabytes} MB.`);
}

function lineTooLong(line: number): Refusal {
  return new Refusal('too_large', `Line ${line} is longer than any line of an export.`, {
    field: `line ${line}`,
  });
}
