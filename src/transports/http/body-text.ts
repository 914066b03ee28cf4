import { invalidField, Refusal } from '../../protocol/codes/errors.ts';
import {
  type BodyHeaders,
  UNREADABLE,
  unreadableBody,
} from '../../socketio-server/request-body.ts';

/** A refusal that HTTP answers with 415: the body has a content coding that is not supported. */
export class UnsupportedEncoding extends Refusal {}

/** The refusal of a body that its headers declare to be compressed, or text in anything but UTF-8. */
export function wrongBody(headers: BodyHeaders): Refusal | undefined {
  const why = unreadableBody(headers);
  if (why !== 'compressed') return why && notUtf8();
  return new UnsupportedEncoding('invalid_payload', UNREADABLE.compressed);
}

/** Reads UTF-8 that may come in pieces; a byte order mark is dropped. */
export class Utf8Reader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

  /**
   * The text of the next piece; without a piece, what is left of the last one.
   * @throws Refusal `invalid_payload` for bytes that are not UTF-8
   */
  read(piece?: Uint8Array | ArrayBuffer): string {
    try {
      return piece === undefined
        ? this.#decoder.decode()
        : this.#decoder.decode(piece, { stream: true });
    } catch {
      throw notUtf8();
    }
  }
}

/** The text of a whole body. @throws Refusal `invalid_payload` for bytes that are not UTF-8 */
export function textOf(bytes: ArrayBuffer): string {
  const reader = new Utf8Reader();
  return reader.read(bytes) + reader.read();
}

function notUtf8(): Refusal {
  return invalidField('body', 'must be UTF-8');
}
