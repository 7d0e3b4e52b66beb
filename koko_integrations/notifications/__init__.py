"""What channels are told: comments, approvals and uploads, videos that are shared, previews of links."""
