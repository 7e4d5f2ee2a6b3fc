// What is done to the host, when it is decided that it is done: applier.cpp decides, and an executor does it, or
// nothing (dry_executor.hpp).
#pragma once

#include "changes/compare.hpp"
#include "changes/names.hpp"
#include "changes/place.hpp"
#include "changes/walk.hpp"

#include <string>

namespace sandbox::changes {

/// What a file has become.
struct Placed {
    Entry file;
    bool limited = false;  ///< it is not all that it was to be
};

/// Each throws Problem where it cannot be done, and leaves what was there then; Error where nothing can go on.
class Executor {
  public:
    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    virtual ~Executor() = default;

    /// Removes what an apply that was killed has left.
    virtual void clear_pending() = 0;
    /// All was done that was decided. `complete`: and it was all that there is.
    virtual void finish(bool complete) = 0;

    /// Before anything is decided about it: the host's side of it becomes what it would be by then, where what came
    /// before was not done.
    virtual void meet(Item& item) = 0;

    /// What is there becomes nothing.
    virtual void remove(const Item& item) = 0;
    virtual void make_directory(Item& item, const Look& look) = 0;
    /// What is there, if anything, is replaced: by another name of `first`, if there is one and that can be.
    virtual Placed replace(const Item& item, const Look& look, const Names::First* first) = 0;
    /// The name becomes one of that file, where that can be.
    virtual void join(const Item& item, const Names::First& first) = 0;

    /// What differs is changed in place, part by part. Whether anything was: not what the caller may not.
    virtual bool change_file(const Item& item, const Look& look, const Difference& difference) = 0;
    virtual bool change_directory(const Item& item, const Look& look, const Difference& difference) = 0;
    /// Of the top of an overlay: mode and owner.
    virtual bool change_top(const std::string& path, Level& level, const Look& look, const Difference& difference) = 0;
    /// Behind all that was done in a directory: whatever was put into it has given it a time of its own.
    virtual void leave(Level& level) = 0;
};

}  // namespace sandbox::changes
