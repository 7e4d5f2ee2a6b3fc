#include "support/ipc_objects.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sandbox_test {
namespace {

constexpr mode_t for_owner = 0600;

void require(bool made, const char* what) {
    if (!made) {
        throw std::system_error(errno, std::generic_category(), what);
    }
}

}  // namespace

IpcObjects::IpcObjects() : key_(0x5a000000 + getpid()), name_("sandbox-test-" + std::to_string(getpid())) {
    memory_ = shmget(key_, 4096, IPC_CREAT | IPC_EXCL | static_cast<int>(for_owner));
    require(memory_ >= 0, "shmget");
    semaphore_ = semget(key_, 1, IPC_CREAT | IPC_EXCL | static_cast<int>(for_owner));
    require(semaphore_ >= 0, "semget");
    queue_ = msgget(key_, IPC_CREAT | IPC_EXCL | static_cast<int>(for_owner));
    require(queue_ >= 0, "msgget");

    const std::string path = "/" + name_;
    const int memory = shm_open(path.c_str(), O_CREAT | O_EXCL | O_RDWR, for_owner);
    require(memory >= 0, "shm_open");
    close(memory);
    sem_t* const semaphore = sem_open(path.c_str(), O_CREAT | O_EXCL, for_owner, 1U);
    require(semaphore != SEM_FAILED, "sem_open");
    sem_close(semaphore);
    const mqd_t queue = mq_open(path.c_str(), O_CREAT | O_EXCL | O_RDWR, for_owner, nullptr);
    require(queue != static_cast<mqd_t>(-1), "mq_open");
    mq_close(queue);
}

IpcObjects::~IpcObjects() {
    const std::string path = "/" + name_;
    mq_unlink(path.c_str());
    sem_unlink(path.c_str());
    shm_unlink(path.c_str());
    msgctl(queue_, IPC_RMID, nullptr);
    semctl(semaphore_, 0, IPC_RMID);
    shmctl(memory_, IPC_RMID, nullptr);
}

}  // namespace sandbox_test
