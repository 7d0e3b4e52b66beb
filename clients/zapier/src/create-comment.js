'use strict';

const { projectField, requestIdField, videoField } = require('./choices');
const { call } = require('./koko');

module.exports = {
  key: 'create_comment',
  noun: 'Comment',
  display: {
    label: 'Create Comment',
    description: 'Comments on a video, in the name of whoever connected Zapier in Koko.',
  },
  operation: {
    inputFields: [
      projectField({ required: false, helpText: 'To choose a video of.' }),
      videoField,
      { key: 'text', label: 'Text', type: 'text', required: true },
      {
        key: 'timecode',
        label: 'Timecode',
        type: 'number',
        required: false,
        helpText: 'Where in the video, in seconds, such as 62.5. Without it the comment is on the video as a whole.',
      },
      {
        key: 'parentId',
        label: 'Reply To',
        type: 'string',
        required: false,
        helpText: 'The ID of a comment on the same video.',
      },
      requestIdField,
    ],
    perform: async (z, bundle) => {
      const { videoId, text, timecode, parentId, requestId } = bundle.inputData;
      return (await call(z, bundle, 'hook.createComment', { videoId, text, timecode, parentId, requestId })).comment;
    },
    sample: {
      id: 'comment_sample',
      videoId: 'video_sample',
      content: 'The logo comes too early',
      timecode: 4.2,
      author: { id: 'user_sample', name: 'Sam Sample' },
      createdAt: '2025-01-15T10:30:00Z',
    },
    outputFields: [
      { key: 'id', label: 'Comment ID', type: 'string' },
      { key: 'videoId', label: 'Video ID', type: 'string' },
      { key: 'content', label: 'Text', type: 'string' },
      { key: 'timecode', label: 'Timecode', type: 'number' },
      { key: 'parentId', label: 'Reply To', type: 'string' },
      { key: 'author__id', label: 'Author ID', type: 'string' },
      { key: 'author__name', label: 'Author Name', type: 'string' },
      { key: 'createdAt', label: 'Created At', type: 'datetime' },
    ],
  },
};
