'use strict';

/** Seconds to wait where Koko does not say. */
const WAIT_S = 60;

const addKey = (request, z, bundle) => {
  if (bundle.authData.apiKey) {
    request.headers.Authorization = `Bearer ${bundle.authData.apiKey}`;
  }
  return request;
};

/** A refusal as Zapier's errors: one pauses the Zap, one waits, one asks to connect again. */
const toError = (z, { message, data = {} }) => {
  if (data.code === 'UNAUTHORIZED') {
    return new z.errors.ExpiredAuthError(
      'Koko does not know this API key any more. Connect Zapier in Koko again, and enter the new key here.',
    );
  }
  if (data.code === 'TOO_MANY_REQUESTS') {
    return new z.errors.ThrottledError(`Koko: ${message}`, data.retryAfter || WAIT_S);
  }
  // The provider behind Koko wants to be left alone for a while: nothing was made.
  if (data.code === 'TIMEOUT' && data.reason === 'rate_limited') {
    return new z.errors.ThrottledError(`Koko: ${message}`, data.retryAfter || WAIT_S);
  }
  return new z.errors.Error(`Koko: ${describe(message, data.fields)}`, data.code || 'ERROR', data.httpStatus || 500);
};

/** Every wrong field, where there are several; the message names the first. */
const describe = (message, fields = {}) => {
  const problems = Object.entries(fields).map(([name, said]) => `${name}: ${said.join('; ')}`);
  return problems.length > 1 ? problems.join('\n') : message;
};

const readAnswer = (response, z) => {
  const { data, status } = response;
  if (data && typeof data === 'object' && data.error) {
    throw toError(z, data.error);
  }
  if (status === 429) {
    throw toError(z, {
      message: 'Too many requests',
      data: { code: 'TOO_MANY_REQUESTS', retryAfter: Number(response.getHeader('retry-after')) || WAIT_S },
    });
  }
  if (status !== 200 || !data || typeof data !== 'object' || data.result === undefined) {
    const said = `This does not answer as Koko does (HTTP ${status}). Check the address, or try again later.`;
    throw new z.errors.Error(said, 'NOT_KOKO', status);
  }
  return response;
};

module.exports = { addKey, readAnswer };
