'use strict';

/** Where Koko is, unless a connection says otherwise. `zapier env:set` of KOKO_URL names another place. */
const KOKO_URL = process.env.KOKO_URL || 'https://integrations.koko.com';

const ON_THIS_MACHINE = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** The origin of a connection's Koko. The key goes there, so nothing but https will do. */
const originOf = (z, bundle) => {
  const given = (bundle.authData.baseUrl || KOKO_URL).trim().replace(/\/+$/, '');
  if (!/^https:\/\/[^/?#@\s]+$/.test(given) && !ON_THIS_MACHINE.test(given)) {
    throw new z.errors.Error(
      'The address of Koko begins with https:// and has no path, such as https://integrations.example.com',
      'BAD_ADDRESS',
      400,
    );
  }
  return given;
};

/** Calls a procedure of Koko's, by JSON-RPC 2.0, and answers its result. Members without a value are left out. */
const call = async (z, bundle, method, params = {}) => {
  const present = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const response = await z.request({
    method: 'POST',
    url: `${originOf(z, bundle)}/rpc`,
    // Koko does not redirect, and the key is for nobody else.
    redirect: 'manual',
    body: { jsonrpc: '2.0', id: 1, method, params: Object.fromEntries(present) },
  });
  return response.data.result;
};

module.exports = { KOKO_URL, call };
