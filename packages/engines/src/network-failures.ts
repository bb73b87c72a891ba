import type { ErrorCode } from '@holdfast/shared/domain';

/** The codes of Node's errors of names, addresses and sockets, as every driver passes them on. */
export const bySystemError: Readonly<Record<string, ErrorCode>> = {
  ENOTFOUND: 'host_unknown',
  EAI_AGAIN: 'host_unreachable',
  ECONNREFUSED: 'host_unreachable',
  ETIMEDOUT: 'host_unreachable',
  EHOSTUNREACH: 'host_unreachable',
  ENETUNREACH: 'host_unreachable',
  EADDRNOTAVAIL: 'host_unreachable',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost',
};

/** Those of a TLS connection that could not be made as asked. */
export const tlsCode =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/;
