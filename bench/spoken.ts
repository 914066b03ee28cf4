/** What clients of the small contestants send: a message and who it is from. */
export interface Spoken {
  roomId: string;
  message: string;
  sender: string;
}
