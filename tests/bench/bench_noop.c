// The smallest command: what is measured is what starts it. Static, no C library where its start-up can be done without
// (on a virtual machine that alone costs several times as much as the rest of the process).
//
//   bench_noop          exits with 0 at once
//   bench_noop wait     writes one byte to stdout, then waits for the end of stdin, then exits with 0
//   bench_noop burn     uses a processor for a second or so, then exits with 0
//   bench_noop touch    writes to each page of 64 MiB, then exits with 0
//   bench_noop check    exits with 42, which nobody who failed to run it does by accident
#include <sys/syscall.h>

static long call(long number, long first, long second, long third) {
#if defined(__x86_64__)
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = first;
    register long x1 __asm__("x1") = second;
    register long x2 __asm__("x2") = third;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
#else
#error "bench_noop knows x86_64 and aarch64"
#endif
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n    mov %rsp, %rdi\n    and $-16, %rsp\n    call begin\n    hlt\n");
#else
__asm__(".globl _start\n_start:\n    mov x0, sp\n    bl begin\n    brk #0\n");
#endif

static volatile char touched[64L << 20];

// The stack at start: argc, then argv.
__attribute__((noreturn, used)) void begin(const long* stack) {
    long status = 0;
    if (stack[0] > 1) {
        const char* word = (const char*)stack[2];
        char byte = '.';
        if (word[0] == 'w') {
            call(SYS_write, 1, (long)&byte, 1);
            while (call(SYS_read, 0, (long)&byte, 1) > 0) {
            }
        } else if (word[0] == 'b') {
            for (volatile long i = 0; i < 1000000000; i = i + 1) {
            }
        } else if (word[0] == 't') {
            for (long i = 0; i < (long)sizeof touched; i += 4096) {
                touched[i] = 1;
            }
        } else {
            status = 42;
        }
    }
    for (;;) {
        call(SYS_exit_group, status, 0, 0);
    }
}
