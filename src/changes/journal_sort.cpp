// Theory of operation: runs that fit into memory are sorted one by one and written to `to`, behind the place that the
// result may need. Then they are merged into that place. With one run there is nothing to merge, and nothing is written
// twice. No mapping is written to: where a page of it finds no room on a full disk (btrfs), that is a SIGBUS.
#include "changes/journal_sort.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace sandbox::changes {
namespace {

constexpr std::size_t records_of_a_write = 4096;

/// Of one file the latest first.
std::tuple<std::uint64_t, std::uint64_t, std::uint64_t> order_of(const JournalRecord& record) {
    return {record.device, record.inode, ~record.sequence};
}

/// What is left of records that come in order.
class Result {
  public:
    Result(const Store& store, int file, bool complete) : store_(store), file_(file), complete_(complete) {
        waiting_.reserve(records_of_a_write);
    }

    void take(JournalRecord record) {
        const std::pair<std::uint64_t, std::uint64_t> subject(record.device, record.inode);
        if (started_ && subject == last_) {
            return;  // an earlier one
        }
        started_ = true;
        last_ = subject;
        if (record.kind == JournalRecord::Kind::none || (complete_ && record.kind == JournalRecord::Kind::unfinished)) {
            return;
        }
        record.sequence = 0;  // what is added from now on is later than all of these
        waiting_.push_back(record);
        if (waiting_.size() == records_of_a_write) {
            flush();
        }
    }
    std::uint64_t finish() {
        flush();
        return written_;
    }

  private:
    void flush() {
        write_at(store_, file_, waiting_.data(), waiting_.size() * sizeof(JournalRecord), place_of_record(written_));
        written_ += waiting_.size();
        waiting_.clear();
    }

    const Store& store_;
    const int file_;
    const bool complete_;
    bool started_ = false;
    std::pair<std::uint64_t, std::uint64_t> last_;
    std::vector<JournalRecord> waiting_;
    std::uint64_t written_ = 0;
};

/// Sorted records of a file, read piece by piece.
class Run {
  public:
    Run(const Store& store, int file, std::uint64_t first, std::uint64_t end, std::size_t piece)
        : store_(&store), file_(file), next_(first), end_(end), piece_(piece) {
        advance();
    }

    [[nodiscard]] bool is_at_end() const { return at_ == read_.size(); }
    [[nodiscard]] const JournalRecord& front() const { return read_[at_]; }
    void advance() {
        if (at_ + 1 < read_.size()) {
            ++at_;
            return;
        }
        at_ = 0;
        read_.resize(std::min<std::uint64_t>(piece_, end_ - next_));
        read_records(*store_, file_, read_, next_);
        next_ += read_.size();
    }

  private:
    const Store* store_;
    int file_;
    std::uint64_t next_;
    std::uint64_t end_;
    std::size_t piece_;
    std::vector<JournalRecord> read_;
    std::size_t at_ = 0;
};

void merge(std::vector<Run>& runs, Result& result) {
    // A heap with the run at its top whose next record comes first.
    const auto later = [&runs](std::size_t one, std::size_t other) {
        return order_of(runs[one].front()) > order_of(runs[other].front());
    };
    std::vector<std::size_t> heap(runs.size());
    for (std::size_t i = 0; i < heap.size(); ++i) {
        heap[i] = i;
    }
    std::ranges::make_heap(heap, later);
    while (!heap.empty()) {
        std::ranges::pop_heap(heap, later);
        Run& first = runs[heap.back()];
        result.take(first.front());
        first.advance();
        if (first.is_at_end()) {
            heap.pop_back();
        } else {
            std::ranges::push_heap(heap, later);
        }
    }
}

}  // namespace

std::uint64_t sort_records(const Store& store, int from, std::uint64_t count, int to, bool complete, std::size_t run) {
    Result result(store, to, complete);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> sorted;  // from one record of `to` to another
    {
        std::vector<JournalRecord> records;
        for (std::uint64_t first = 0; first < count; first += records.size()) {
            records.resize(std::min<std::uint64_t>(run, count - first));
            read_records(store, from, records, first);
            std::ranges::sort(records, {}, order_of);
            if (records.size() == count) {
                std::ranges::for_each(records, [&](const JournalRecord& record) { result.take(record); });
                return result.finish();
            }
            write_at(store, to, records.data(), records.size() * sizeof(JournalRecord), place_of_record(count + first));
            sorted.emplace_back(count + first, count + first + records.size());
        }
    }
    const std::size_t piece = std::max<std::size_t>(run / std::max<std::size_t>(sorted.size(), 1), 1);
    std::vector<Run> runs;
    runs.reserve(sorted.size());
    for (const auto& [first, end] : sorted) {
        runs.emplace_back(store, to, first, end, piece);
    }
    merge(runs, result);
    return result.finish();
}

}  // namespace sandbox::changes
