// The start of a sandbox, from the pipes to the running command: what launcher.cpp and start.cpp share.
#pragma once

#include "run/child/child.hpp"
#include "run/id_mapped.hpp"
#include "run/launcher.hpp"
#include "run/process_impl.hpp"
#include "run/program_texts.hpp"

#include <array>
#include <memory>
#include <optional>

namespace sandbox::run {

/// One start; made, run and destroyed by start().
class Start {
  public:
    Start(plan::Plan plan, Settings settings);
    Process run();

  private:
    // launcher.cpp: up to the order to go
    void phase(const char* name);
    void check(Stage stage, int error);
    void abandon();
    void watch_parent();
    void make_cgroup();
    int cgroup() const;
    void make_placeholders();
    void prepare();
    void make_trees();
    void prepare_refusals();
    void prepare_terminal();
    void prepare_relays();
    void fill(InitProgram& program);
    Born make_init(const InitProgram& program, int& pidfd, bool& placed);
    void hold_init(int pidfd);
    void clone_init();
    void let_go();
    void write_maps();
    void say_go();
    // start.cpp: from there on
    void await_command();
    void end_start(int signal);
    void read_reports();
    bool read_statuses();
    void finish_start();
    bool interrupted();
    void hear_signals();
    void tell_registry();
    void complete_trace();

    Settings settings_;
    std::unique_ptr<Process::Impl> impl_;
    const plan::Plan& plan_ = impl_->plan;
    sys::UniqueFd status_writer_;
    sys::UniqueFd reports_;
    sys::UniqueFd report_writer_;
    sys::UniqueFd self_;
    std::array<sys::UniqueFd, 3> stream_ends_;
    sys::UniqueFd terminal_;         ///< socket from init, with both ends of the command's own terminal
    sys::UniqueFd terminal_sender_;  ///< init's end of it
    TerminalProgram terminal_program_;
    JoinProgram join_program_;
    pid_t init_pid_ = -1;
    int ending_signal_ = 0;
    bool executing_ = false;  ///< the setup child is at its last step
    bool running_ = false;    ///< and behind it
    std::optional<Report> failed_;
    std::optional<Status> failed_stage_;
    std::optional<ProgramTexts> program_texts_;
    std::optional<IdMappedTrees> trees_;
};

}  // namespace sandbox::run
