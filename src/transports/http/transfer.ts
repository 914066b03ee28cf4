import type { BlobStore } from '../../files/blob-store.ts';
import { folderOf } from '../../files/delete-files.ts';
import { fileLines, storeFileLine } from '../../files/file-lines.ts';
import { internalProblem, Refusal } from '../../protocol/codes/errors.ts';
import type { Reply, RequestName } from '../../protocol/commands.ts';
import { inLine } from '../../protocol/export-lines.ts';
import { jsonLine } from '../../protocol/frames.ts';
import type { HttpTransport } from './http-transport.ts';
import { type Body, type FileAtLine, linesOf } from './line-batches.ts';
import { failedLine } from './ndjson.ts';
import { storeFailure } from './store-failure.ts';

/** Asks one room as one identity. @throws Refusal */
export type AskRoom = <N extends RequestName>(name: N, payload: object) => Promise<Reply<N>>;

/** What an export or import of a room needs: the room itself, and the store of its files. */
export interface Transfer {
  roomId: string;
  ask: AskRoom;
  /** @throws Refusal if the host has none */
  store: () => BlobStore;
  log: HttpTransport['log'];
}

/**
 * The lines of an export. The next page is read when the client has taken the one before, and only one
 * piece of a file is in memory at a time. An export that fails midway says so in its last line.
 * @param first the first page
 */
export async function* exportTexts(
  transfer: Transfer,
  first: Reply<'exportRoom'>,
): AsyncGenerator<string, void> {
  try {
    let page = first;
    for (;;) {
      for (const file of page.files ?? []) yield* textsOfFile(transfer, file);
      yield page.text;
      if (page.next === undefined) return;
      const files = page.files !== undefined;
      page = await transfer.ask('exportRoom', { cursor: page.next, files });
    }
  } catch (error) {
    if (!(error instanceof Refusal)) transfer.log('export', error);
    const problem = error instanceof Refusal ? error.problem : internalProblem;
    yield failedLine(problem);
  }
}

/** A file whose bytes are gone is left out: its message was deleted since the page was read. */
async function* textsOfFile(
  { roomId, store, log }: Transfer,
  file: NonNullable<Reply<'exportRoom'>['files']>[number],
): AsyncGenerator<string> {
  try {
    const body = await store().get(`${await folderOf(roomId)}/${file.key}`);
    if (body === undefined) return;
    for await (const line of fileLines(file, body)) yield `${jsonLine(line)}\n`;
  } catch (error) {
    throw storeFailure('export', error, log);
  }
}

/** Imports the lines of a body, as they come. @throws Refusal */
export async function importLines(
  transfer: Transfer,
  body: Body | null,
): Promise<Reply<'importRoom'>> {
  let reply: Reply<'importRoom'> | undefined;
  let hasFiles = false;
  if (body !== null) {
    for await (const part of linesOf(body)) {
      if ('file' in part) {
        await importFile(transfer, part);
        hasFiles = true;
      } else reply = await transfer.ask('importRoom', { text: part.text, line: part.line });
    }
  }
  // A body of only files: an import without text returns the reply.
  if (hasFiles) reply ??= await transfer.ask('importRoom', { text: '', line: 1 });
  if (reply === undefined) throw new Refusal('invalid_payload', 'Send some lines of an export.');
  return reply;
}

async function importFile({ roomId, ask, store, log }: Transfer, part: FileAtLine) {
  try {
    const askFile = (payload: object) => ask('importFile', payload);
    await storeFileLine(askFile, store(), await folderOf(roomId), part.file);
  } catch (error) {
    throw inLine(storeFailure('import', error, log), part.line);
  }
}
