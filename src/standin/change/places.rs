//! Where posts are, and finding them again.

use crate::standin::model::{Post, Repository};

/// Where a post is inside a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostAt {
    /// First post of a thread.
    Thread(u64),
    /// A comment below a thread: its number, the comment's id.
    Comment(u64, u64),
    /// A review: number of the pull request, id.
    Review(u64, u64),
    /// A comment on a diff: number of the pull request, id.
    ReviewComment(u64, u64),
    /// A comment on a commit: id.
    CommitComment(u64),
}

impl Repository {
    /// The post at a place.
    pub(crate) fn post(&self, at: PostAt) -> Option<&Post> {
        match at {
            PostAt::Thread(n) => self.threads.get(&n).map(|t| &t.post),
            PostAt::Comment(n, id) => {
                let comments = &self.threads.get(&n)?.comments;
                comments.iter().map(|c| &c.post).find(|p| p.id == id)
            }
            PostAt::Review(n, id) => {
                let reviews = &self.threads.get(&n)?.pull()?.reviews;
                reviews.iter().map(|r| &r.post).find(|p| p.id == id)
            }
            PostAt::ReviewComment(n, id) => {
                let comments = &self.threads.get(&n)?.pull()?.review_comments;
                comments.iter().map(|c| &c.post).find(|p| p.id == id)
            }
            PostAt::CommitComment(id) => {
                let mut posts = self.commit_comments.iter().map(|c| &c.post);
                posts.find(|p| p.id == id)
            }
        }
    }

    pub(crate) fn post_mut(&mut self, at: PostAt) -> Option<&mut Post> {
        match at {
            PostAt::Thread(n) => self.threads.get_mut(&n).map(|t| &mut t.post),
            PostAt::Comment(n, id) => {
                let comments = &mut self.threads.get_mut(&n)?.comments;
                comments.iter_mut().map(|c| &mut c.post).find(|p| p.id == id)
            }
            PostAt::Review(n, id) => {
                let reviews = &mut self.threads.get_mut(&n)?.pull_mut()?.reviews;
                reviews.iter_mut().map(|r| &mut r.post).find(|p| p.id == id)
            }
            PostAt::ReviewComment(n, id) => {
                let comments = &mut self.threads.get_mut(&n)?.pull_mut()?.review_comments;
                comments.iter_mut().map(|c| &mut c.post).find(|p| p.id == id)
            }
            PostAt::CommitComment(id) => {
                let mut posts = self.commit_comments.iter_mut().map(|c| &mut c.post);
                posts.find(|p| p.id == id)
            }
        }
    }

    /// Every post with its place, in no promised order.
    pub(crate) fn posts(&self) -> Vec<(PostAt, &Post)> {
        let mut all = Vec::new();
        for (number, thread) in &self.threads {
            all.push((PostAt::Thread(*number), &thread.post));
            for c in &thread.comments {
                all.push((PostAt::Comment(*number, c.post.id), &c.post));
            }
            if let Some(pull) = thread.pull() {
                for r in &pull.reviews {
                    all.push((PostAt::Review(*number, r.post.id), &r.post));
                }
                for c in &pull.review_comments {
                    all.push((PostAt::ReviewComment(*number, c.post.id), &c.post));
                }
            }
        }
        for c in &self.commit_comments {
            all.push((PostAt::CommitComment(c.post.id), &c.post));
        }
        all
    }
}
