'use strict';

const AUTHOR = { id: 'user_sample', name: 'Sam Sample' };
const VIDEO = { id: 'video_sample', projectId: 'project_sample', title: 'Trailer v3', status: 'ready', duration: 95 };
const COMMENT = {
  id: 'comment_sample',
  videoId: 'video_sample',
  content: 'The logo comes too early',
  timecode: 4.2,
  author: AUTHOR,
};
const APPROVAL = { id: 'approval_sample', videoId: 'video_sample', status: 'approved', requestedBy: AUTHOR };

/** What the data of a family's events looks like. */
const DATA = {
  video: { video: VIDEO },
  comment: { comment: COMMENT, video: VIDEO },
  approval: { approval: APPROVAL, video: VIDEO },
};

const NOUNS = { video: 'Video', comment: 'Comment', approval: 'Approval' };

/** Every event of Koko's that a Zap can begin with: its type, what it is called, and when it happens. */
const EVENTS = [
  ['video.created', 'New Video', 'Triggers when a video is created in a project.'],
  ['video.updated', 'Updated Video', 'Triggers when the title, description or tags of a video change.'],
  ['video.deleted', 'Deleted Video', 'Triggers when a video is deleted.'],
  ['comment.created', 'New Comment', 'Triggers when somebody comments on a video.'],
  ['comment.resolved', 'Resolved Comment', 'Triggers when a comment is resolved.'],
  ['approval.requested', 'Requested Approval', 'Triggers when somebody is asked to approve a video.'],
  ['approval.completed', 'Completed Approval', 'Triggers when a video is approved or rejected.'],
  ['video.uploaded', 'Uploaded Video', 'Triggers when the upload of a video is complete.'],
  ['video.processing', 'Video in Processing', 'Triggers when the processing of a video begins.'],
  ['video.ready', 'Ready Video', 'Triggers when a video can be watched.'],
  ['video.failed', 'Failed Video', 'Triggers when the processing of a video fails.'],
  ['comment.updated', 'Updated Comment', 'Triggers when the text of a comment changes.'],
  ['comment.deleted', 'Deleted Comment', 'Triggers when a comment is deleted.'],
  ['comment.reply', 'New Reply', 'Triggers when somebody replies to a comment.'],
];

module.exports = EVENTS.map(([type, label, description]) => {
  const family = type.split('.')[0];
  return { type, key: type.replace('.', '_'), noun: NOUNS[family], label, description, data: DATA[family] };
});
